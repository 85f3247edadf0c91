/** On a phone, where outline, drawing and options stand below each other: one press to each of them. */

import { useSyncExternalStore, type JSX } from "react";
import { isOpen, subscribe } from "./guide/open";
import { useNarrow } from "./narrow";
import { enterPart } from "./regions";
import { w } from "./words";

const PLACES = { guide: ".guide", outline: ".outline", canvas: ".canvas", options: ".studio > .options" } as const;

export function Jumps({ hasOptions }: { readonly hasOptions: boolean }): JSX.Element | null {
  const guided = useSyncExternalStore(subscribe, isOpen);
  const narrow = useNarrow();
  const there = { guide: guided, outline: true, canvas: true, options: hasOptions };
  if (!narrow) return null;
  return (
    <nav className="studio-jumps" aria-label={w("jumps")}>
      {(["guide", "outline", "canvas", "options"] as const)
        .filter((part) => there[part])
        .map((part) => (
          <button type="button" key={part} data-part={part} onClick={() => enterPart(PLACES[part])}>
            {w(part)}
          </button>
        ))}
    </nav>
  );
}
