/** Who else has the draft open, and what they look at; a press leads there. */

import type { JSX } from "react";
import type { PresentJson } from "../api_types";
import { titleOf } from "../model/documents";
import { useChoose, useView, useWorkbench } from "./desk";
import { w } from "./words";

export function People({ present }: { readonly present: readonly PresentJson[] }): JSX.Element {
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
                <span className="badge">{one.title}</span>
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
          : w("also_here_who", { who: present.map((one) => one.title).join(w("comma")) })}
      </span>
    </>
  );
}
