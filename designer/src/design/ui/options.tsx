/** The options of what is chosen, drawn from its schema: what is used daily first, the rest folded. */

import { useState, type JSX } from "react";
import { drawnBy } from "../editors/registry";
import { kindOf, labelOf, titleOf, type Doc } from "../model/documents";
import { at, isObject, type Path } from "../model/json";
import { properties, schemaAt, type Property } from "../model/schema";
import { Control } from "./controls/control";
import { findingsAt, schemaOf, useChoose, useView, useWorkbench } from "./desk";
import { Icon } from "./icon";
import { w } from "./words";

/** Keys that stand elsewhere: the kind is fixed, ids are the system's, names are in the heading. */
const HIDDEN: ReadonlySet<string> = new Set(["kind", "id", "was"]);
const NOTHING: ReadonlySet<string> = new Set();

export function Options(props: { readonly doc: Doc; readonly path: Path }): JSX.Element | null {
  const { doc } = props;
  const { vocabulary, language } = useWorkbench();
  const view = useView();
  const choose = useChoose();
  const path = shownPath(doc, props.path);
  const schema = schemaAt(schemaOf(vocabulary, doc), doc.content, path);
  const value = at(doc.content, path);
  const drawn = path.length === 0 ? drawnBy(kindOf(doc)) : NOTHING;
  if (schema === undefined || !isObject(value) || drawn === null) return null;
  const found = findingsAt(view, doc, path);
  return (
    <div className="option-list">
      <div className="option-head">
        {path.length > 0 ? (
          <button type="button" className="button quiet" onClick={() => choose(doc.id)}>
            <Icon name="back" />
            {titleOf(view.docs, doc, language)}
          </button>
        ) : null}
        <h2>{(path.length === 0 ? titleOf(view.docs, doc, language) : labelOf(value, language)) || w("options")}</h2>
      </div>
      {found
        .filter((one) => one.severity === "error" || one.path.length <= path.length)
        .map((one, position) => (
        <p key={position} className={`message ${one.severity === "error" ? "bad" : "warn"}`}>
          <Icon name="alert" />
          <span>
            {one.message} <span className="quiet">{one.hint}</span>
          </span>
        </p>
      ))}
      <PropertyList doc={doc} path={path} found={properties(schema, value).filter((one) => !drawn.has(one.key))} />
    </div>
  );
}

/** The controls of an object's keys. */
export function PropertyList(props: {
  readonly doc: Doc;
  readonly path: Path;
  readonly found: readonly Property[];
}): JSX.Element {
  const value = at(props.doc.content, props.path);
  const present = isObject(value) ? value : {};
  // The kind of a document is fixed; that of a part, such as a tile, is not.
  const shown = props.found.filter(
    (one) => !HIDDEN.has(one.key) || (one.key === "kind" && props.path.length > 0),
  );
  const isDaily = (one: Property): boolean =>
    one.required || one.schema["x-group"] !== "more" || present[one.key] !== undefined;
  const daily = shown.filter(isDaily);
  const more = shown.filter((one) => !isDaily(one));
  const [open, setOpen] = useState(false);
  const draw = (one: Property): JSX.Element => (
    <Control key={one.key} doc={props.doc} path={[...props.path, one.key]} property={one} />
  );
  return (
    <>
      {daily.map(draw)}
      {more.length > 0 ? (
        <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{w("more_options", { count: more.length })}</summary>
          {open ? more.map(draw) : null}
        </details>
      ) : null}
    </>
  );
}

/** A finding may stand at a single value: the options show the object around it. */
function shownPath(doc: Doc, path: Path): Path {
  let shown = path;
  while (shown.length > 0 && !isObject(at(doc.content, shown))) shown = shown.slice(0, -1);
  return shown;
}
