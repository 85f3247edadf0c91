/** The findings of the check; each leads to its place. */

import type { JSX } from "react";
import { placeInWords } from "../model/places";
import type { Finding } from "../model/store";
import { fileOf, schemaOf, useChoose, useView, useWorkbench } from "./desk";
import { IconButton } from "./icon";
import { w } from "./words";

export function Problems({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const view = useView();
  const { vocabulary, language } = useWorkbench();
  const choose = useChoose();
  const files = new Map([...view.docs.values()].map((doc) => [fileOf(doc), doc]));
  const found = [...view.findings].sort((one, other) => rank(one) - rank(other));
  return (
    <div className="findings" role="region" aria-label={w("findings")}>
      <div className="findings-head">
        <h2>{w("findings")}</h2>
        <IconButton icon="cross" name={w("close")} onPress={onClose} />
      </div>
      {found.length === 0 ? <p className="quiet">{w("no_problems_text")}</p> : null}
      <ul>
        {found.map((one, position) => {
          const doc = files.get(one.file);
          const place =
            doc === undefined
              ? one.file
              : placeInWords(view.docs, schemaOf(vocabulary, doc), doc, one.path, language, (kind) => w(`kind_${kind}`));
          return (
            <li key={position} className={one.severity}>
              <button
                type="button"
                className="plain"
                disabled={doc === undefined}
                onClick={() => {
                  if (doc !== undefined) choose(doc.id, one.path);
                }}
              >
                <span>{one.message}</span>
                <small>
                  {one.hint} <span className="finding-place">{place}</span>
                </small>
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** Errors first; texts that lack a language are many and wait, so they stand last. */
function rank(one: Finding): number {
  if (one.severity === "error") return 0;
  return one.code === "label.language_missing" ? 2 : 1;
}
