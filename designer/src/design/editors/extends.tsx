/** What a module adds to another module's definition: drawn as the definition itself is drawn where that is possible. */

import type { JSX } from "react";
import { find, labelOf, nameOf, type Doc } from "../model/documents";
import { at, isList, isObject, textOf } from "../model/json";
import { helpOf, properties, titleOf } from "../model/schema";
import { schemaOf, useChoose, useView, useWorkbench } from "../ui/desk";
import { PropertyList } from "../ui/options";
import { Prose } from "../ui/prose";
import { w } from "../ui/words";
import { ChoiceSetEditor } from "./choice_set";
import { ObjectEditor } from "./object";
import { OneOption } from "./parts/one_option";

const FIXED: ReadonlySet<string> = new Set(["kind", "of", "name", "id"]);
/** What is drawn here, by the kind of what is extended. */
const DRAWN: Readonly<Record<string, string>> = { object: "fields", choice_set: "choices" };

export function ExtendsEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const { vocabulary } = useWorkbench();
  const kind = textOf(doc.content.of);
  const added = properties(schemaOf(vocabulary, doc), doc.content).filter((one) => !FIXED.has(one.key));
  const drawn = DRAWN[kind];
  return (
    <div className="extends-editor">
      <Target doc={doc} />
      {added.length === 0 ? <OneOption doc={doc} name="of" /> : null}
      {kind === "object" ? <ObjectEditor doc={doc} /> : null}
      {kind === "choice_set" ? <ChoiceSetEditor doc={doc} /> : null}
      <section aria-label={w("extends_may")}>
        <h3>{w("extends_may")}</h3>
        <ul className="extends-parts">
          {added.map((one) => (
            <li key={one.key}>
              <strong>{titleOf(one.schema, one.key)}</strong>
              <span className="tag">{sizeOf(doc, one.key)}</span>
              <span className="quiet"><Prose text={helpOf(one.schema)} /></span>
            </li>
          ))}
        </ul>
      </section>
      {drawn === undefined ? <PropertyList doc={doc} path={[]} found={added} /> : null}
    </div>
  );
}

/** What is extended, of which module, and what it holds already. */
function Target({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const choose = useChoose();
  const kind = textOf(doc.content.of);
  const target = find(view.docs, kind, nameOf(doc));
  if (target === undefined)
    return (
      <>
        <p className="message warn">{w("extends_nothing")}</p>
        <OneOption doc={doc} name="name" />
      </>
    );
  const module = find(view.docs, "module", target.module);
  const fields = isList(target.content.fields) ? target.content.fields.filter(isObject) : [];
  return (
    <>
      <p className="extends-target">
        {w("extends_target", { kind: w(`kind_${kind}`) })}{" "}
        <button type="button" className="button" onClick={() => choose(target.id)}>
          {labelOf(target.content, language)}
        </button>{" "}
        <span className="quiet">{module === undefined ? target.module : labelOf(module.content, language)}</span>
      </p>
      {fields.length === 0 ? null : (
        <details>
          <summary>{w("extends_has", { count: fields.length })}</summary>
          <ul className="extends-fields">
            {fields.map((one) => (
              <li key={textOf(one.name)}>
                {labelOf(one, language)} <code>{textOf(one.name)}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function sizeOf(doc: Doc, key: string): string {
  const found = at(doc.content, [key]);
  const count = isList(found) ? found.length : isObject(found) ? Object.keys(found).length : 0;
  return count === 0 ? "–" : String(count);
}
