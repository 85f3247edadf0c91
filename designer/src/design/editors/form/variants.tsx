/** Who gets this form, beside the other forms of its object; a copy of it for somebody else. */

import type { JSX } from "react";
import { addDocument } from "../../model/commands/add_document";
import { freeName, labelOf, nameOf, newId, ofKind, type Doc } from "../../model/documents";
import { isObject, textOf } from "../../model/json";
import { partsOf } from "../../model/screens/fields";
import { useChoose, useRun, useView, useWorkbench } from "../../ui/desk";
import { w } from "../../ui/words";
import { audience } from "../parts/titles";

export function Variants({ doc }: { readonly doc: Doc }): JSX.Element {
  const { docs } = useView();
  const { language } = useWorkbench();
  const choose = useChoose();
  const run = useRun();
  const object = textOf(doc.content.object);
  const forms = ofKind(docs, "form").filter((one) => one.content.object === object);
  const roles = ofKind(docs, "role");
  const types = partsOf(docs, object, "record_types");
  const copy = (chosen: string): void => {
    const [key = "", name = ""] = chosen.split(":");
    if (name === "") return;
    const id = newId();
    const part = key === "role" ? roles.find((one) => nameOf(one) === name)?.content : types.find((one) => one.name === name);
    const taken = ofKind(docs, "form").map(nameOf);
    const former = isObject(doc.content.label) ? doc.content.label : {};
    const label = `${labelOf(doc.content, language)} · ${labelOf(part, language)}`;
    const content = {
      ...doc.content,
      id,
      name: freeName(`${object}_${name}`.slice(0, 36), taken),
      label: { ...former, [language]: label },
      for: key === "role" ? { roles: [name] } : { record_types: [name] },
    };
    run(addDocument({ id, module: doc.module, content }));
    choose(id);
  };
  return (
    <div className="variants">
      <ul aria-label={w("forms_of_object")}>
        {forms.map((one) => (
          <li key={one.id}>
            <button
              type="button"
              className="variant"
              aria-current={one.id === doc.id ? "true" : undefined}
              onClick={() => choose(one.id)}
            >
              <strong>{labelOf(one.content, language)}</strong>
              <span>{w("form_for", { who: audience(docs, one.content, language) })}</span>
            </button>
          </li>
        ))}
      </ul>
      <label className="copy-variant">
        <span>{w("copy_variant")}</span>
        <select className="input" value="" onChange={(event) => copy(event.target.value)}>
          <option value="">{w("choose_whom")}</option>
          <optgroup label={w("kinds_role")}>
            {roles.map((one) => (
              <option key={one.id} value={`role:${nameOf(one)}`}>
                {labelOf(one.content, language)}
              </option>
            ))}
          </optgroup>
          {types.length === 0 ? null : (
            <optgroup label={w("record_types")}>
              {types.map((one) => (
                <option key={textOf(one.name)} value={`type:${textOf(one.name)}`}>
                  {labelOf(one, language)}
                </option>
              ))}
            </optgroup>
          )}
        </select>
      </label>
    </div>
  );
}
