/** A technical name for what somebody types: at once for Latin letters, from the server for Chinese. */

import { useEffect, useState } from "react";
import { named } from "../../model/documents";
import { askName } from "./asking";

const WAIT = 200;

const PLAIN = /^[\p{ASCII}\p{Script=Latin}]*$/u;

/** Return the name for a label, once it is known; `otherwise` where there is none. */
export async function proposedName(label: string, otherwise: string): Promise<string> {
  return PLAIN.test(label) ? named(label) || otherwise : askName(label, otherwise).catch(() => otherwise);
}

/** Return the name that is proposed for a label; `otherwise` until there is one. */
export function useProposedName(label: string, otherwise: string): string {
  const plain = PLAIN.test(label);
  const [told, setTold] = useState({ label: "", name: "" });
  useEffect(() => {
    if (plain) return;
    let current = true;
    const timer = window.setTimeout(() => {
      askName(label, otherwise)
        .then((name) => {
          if (current) setTold({ label, name });
        })
        .catch(() => undefined);
    }, WAIT);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [label, otherwise, plain]);
  if (plain) return named(label) || otherwise;
  return told.label === label ? told.name : otherwise;
}
