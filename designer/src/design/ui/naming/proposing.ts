/** A technical name for what somebody types: at once for Latin letters, from the server for Chinese. */

import { useEffect, useState } from "react";
import { named } from "../../model/documents";
import { askName } from "./asking";

const WAIT = 200;

/** Return the name that is proposed for a label; `otherwise` until there is one. */
export function useProposedName(label: string, otherwise: string): string {
  const plain = /^[\p{ASCII}\p{Script=Latin}]*$/u.test(label);
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
