/** All texts of a module in both languages side by side, the missing ones first. */

import { useState, type JSX } from "react";
import { setValue } from "../../model/commands/set_value";
import { kindOf, labelOf, titleOf, type Doc } from "../../model/documents";
import { at, isObject, type Path } from "../../model/json";
import { properties, schemaAt, titleOf as keyTitle, type Schema } from "../../model/schema";
import { isMissing, textsOf } from "../../model/texts";
import { schemaOf, useChoose, useRun, useView, useWorkbench } from "../../ui/desk";
import { useWholeWidth } from "../../ui/whole_width";
import { w } from "../../ui/words";

const MOST = 200;

export function Translations({ doc }: { readonly doc: Doc }): JSX.Element {
  useWholeWidth();
  const view = useView();
  const { language, vocabulary } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const [only, setOnly] = useState(true);
  const docs = [...view.docs.values()].filter((one) => one.module === doc.module);
  const found = docs.flatMap((one) => textsOf(one.content).map((texts) => ({ doc: one, ...texts })));
  const missing = found.filter(isMissing);
  const shown = (only ? missing : found).slice(0, MOST);
  return (
    <>
      <p role="status">
        {missing.length === 0 ? w("texts_whole", { count: found.length }) : w("texts_missing", { count: missing.length, all: found.length })}
      </p>
      <label className="texts-only">
        <input type="checkbox" className="switch-box" checked={only} onChange={(event) => setOnly(event.target.checked)} />
        {w("texts_only")}
      </label>
      <table className="matrix texts-table">
        <thead>
          <tr>
            <th scope="col">{w("texts_place")}</th>
            <th scope="col">中文</th>
            <th scope="col">English</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => {
            const where = placeOf(one.doc, one.path, language, schemaOf(vocabulary, one.doc));
            const place = `${w(`kind_${kindOf(one.doc)}`)} › ${titleOf(view.docs, one.doc, language)} › ${where}`;
            return (
              <tr key={`${one.doc.id} ${one.path.join("/")}`}>
                <td>
                  <button
                    type="button"
                    className="plain limits"
                    onClick={() => choose(one.doc.id, one.path.slice(0, -1))}
                  >
                    {place}
                  </button>
                </td>
                {(["zh", "en"] as const).map((each) => (
                  <td key={each}>
                    <input
                      className="input"
                      lang={each === "zh" ? "zh-CN" : "en"}
                      aria-label={`${place} ${w(`in_${each}`)}`}
                      value={one[each]}
                      onChange={(event) =>
                        run(
                          setValue(
                            one.doc.id,
                            [...one.path, each],
                            event.target.value === "" ? undefined : event.target.value,
                          ),
                        )
                      }
                    />
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

/** Return the place of a text in words: the labels of the parts around it, and its own key. */
function placeOf(doc: Doc, path: Path, language: "zh" | "en", schema: Schema): string {
  const parts = path.flatMap((step, position) =>
    typeof step === "number" ? [labelOf(at(doc.content, path.slice(0, position + 1)), language)] : [],
  );
  const around = at(doc.content, path.slice(0, -1));
  const known = schemaAt(schema, doc.content, path.slice(0, -1));
  const key = String(path.at(-1));
  const found = known === undefined || !isObject(around) ? [] : properties(known, around);
  const property = found.find((one) => one.key === key);
  const title = property === undefined ? key : keyTitle(property.schema, key);
  return [...parts, title].filter((one) => one !== "").join(" › ");
}
