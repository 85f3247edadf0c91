/** Who else has the draft open, and what they look at; a press leads there. */

import type { JSX } from "react";
import { titleOf } from "../model/documents";
import type { Present } from "../model/server";
import { useChoose, useView, useWorkbench } from "./desk";
import { w } from "./words";

export function People({ present }: { readonly present: readonly Present[] }): JSX.Element {
  const { docs } = useView();
  const { language } = useWorkbench();
  const choose = useChoose();
  return (
    <>
      {present.length === 0 ? null : (
        <ul className="people" aria-label={w("also_here")}>
          {present.map((one) => {
            const doc = one.document === null ? undefined : docs.get(one.document);
            return (
              <li key={one.id}>
                <span className="badge">{one.name}</span>
                {doc === undefined ? null : (
                  <button type="button" className="plain" onClick={() => choose(doc.id)}>
                    {titleOf(docs, doc, language)}
                  </button>
                )}
              </li>
            );
          })}
        </ul>
      )}
      {/* Who comes and goes is said aloud; where they look is not. */}
      <span className="visually-hidden" role="status">
        {present.length === 0
          ? ""
          : w("also_here_who", { who: present.map((one) => one.name).join(w("comma")) })}
      </span>
    </>
  );
}
