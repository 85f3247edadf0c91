/** A box whose content may be wider: then it fades at the edge that hides something, says so, and takes arrow keys. */

import { useEffect, useRef, useState, type JSX, type ReactNode } from "react";
import { w } from "./words";

interface Hidden {
  /** Whether the content is wider than the box. */
  readonly wide: boolean;
  /** Whether something is hidden behind the right edge now. */
  readonly more: boolean;
}

const NOTHING: Hidden = { wide: false, more: false };

export function Sideways(props: {
  readonly className: string;
  readonly name: string;
  readonly children: ReactNode;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [hidden, setHidden] = useState(NOTHING);
  useEffect(() => {
    const shown = box.current;
    if (shown === null) return;
    const look = (): void => {
      const over = shown.scrollWidth - shown.clientWidth;
      const found = { wide: over > 1, more: over - shown.scrollLeft > 1 };
      setHidden((former) => (former.wide === found.wide && former.more === found.more ? former : found));
    };
    const watch = new ResizeObserver(look);
    for (const one of [shown, ...shown.children]) watch.observe(one);
    shown.addEventListener("scroll", look, { passive: true });
    return () => {
      watch.disconnect();
      shown.removeEventListener("scroll", look);
    };
  }, []);
  return (
    <>
      {/* It stays while the content is wide, so that nothing jumps at the end of it. */}
      {hidden.wide ? <p className="sideways-hint quiet">{w("sideways")}</p> : null}
      <div
        ref={box}
        className={`sideways ${props.className}`}
        role="group"
        aria-label={props.name}
        tabIndex={hidden.wide ? 0 : undefined}
        data-more={hidden.more ? "" : undefined}
      >
        {props.children}
      </div>
    </>
  );
}
