/** A value for which there is no control of its own, as JSON. */

import { useState, type JSX } from "react";
import type { Json } from "../../model/json";
import { w } from "../words";
import type { ControlProps } from "./control";

export function JsonControl({ id, value, set }: ControlProps): JSX.Element {
  const [typed, setTyped] = useState<string | null>(null);
  const [wrong, setWrong] = useState(false);
  return (
    <>
      <textarea
        data-typed
        id={id}
        rows={3}
        spellCheck={false}
        aria-invalid={wrong}
        value={typed ?? (value === undefined ? "" : JSON.stringify(value, null, 1))}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => {
          if (typed === null) return;
          try {
            set(typed.trim() === "" ? undefined : (JSON.parse(typed) as Json));
            setTyped(null);
            setWrong(false);
          } catch {
            setWrong(true);
          }
        }}
      />
      {wrong ? <p className="error">{w("json_wrong")}</p> : null}
    </>
  );
}
