/** The options of what is chosen, drawn from its schema: what is used daily first, the rest folded. */

import { useState, type JSX } from "react";
import { idleKeys } from "../editors/alternatives";
import { drawnBy } from "../editors/registry";
import { kindOf, titleOf, type Doc } from "../model/documents";
import { at, isObject, type Path } from "../model/json";
import { partTitle } from "../model/places";
import { isSettled, properties, schemaAt, type Property } from "../model/schema";
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
  const shown = properties(schema, value).filter((one) => !drawn.has(one.key));
  // What is found at one of the controls below is said there.
  const keys = new Set(shown.map((one) => one.key).filter((key) => isShown(key, path)));
  const found = findingsAt(view, doc, path)
    .filter((one) => one.severity === "error" || one.path.length <= path.length)
    .filter((one) => one.path.length !== path.length + 1 || !keys.has(String(one.path.at(-1))));
  return (
    <div className="option-list">
      <div className="option-head">
        {path.length > 0 ? (
          <button type="button" className="button quiet" onClick={() => choose(doc.id)}>
            <Icon name="back" />
            {titleOf(view.docs, doc, language)}
          </button>
        ) : null}
        <h2>{(path.length === 0 ? titleOf(view.docs, doc, language) : partTitle(view.docs, doc, path, language)) || w("options")}</h2>
      </div>
      {found.map((one, position) => (
        <p key={position} className={`message ${one.severity === "error" ? "bad" : "warn"}`}>
          <Icon name="alert" />
          <span>
            {one.message} <span className="quiet">{one.hint}</span>
          </span>
        </p>
      ))}
      <PropertyList doc={doc} path={path} found={shown} />
    </div>
  );
}

/** The controls of an object's keys. */
export function PropertyList(props: {
  readonly doc: Doc;
  readonly path: Path;
  readonly found: readonly Property[];
}): JSX.Element {
  const view = useView();
  const value = at(props.doc.content, props.path);
  const present = isObject(value) ? value : {};
  const idle = idleKeys(props.doc, props.path, present);
  const shown = props.found
    .filter((one) => isShown(one.key, props.path) && !idle.has(one.key))
    .filter((one) => !isSettled(one, present[one.key]));
  // What is set while it is shown stays where it is: whoever types there would lose the place.
  const [set] = useState<ReadonlySet<string>>(() => new Set(Object.keys(present)));
  const isDaily = (one: Property): boolean =>
    one.required || one.schema["x-group"] !== "more" || set.has(one.key);
  const daily = shown.filter(isDaily);
  const more = shown.filter((one) => !isDaily(one));
  const wrong = new Set(findingsAt(view, props.doc, props.path).map((one) => one.path[props.path.length]));
  const [unfolded, setUnfolded] = useState(false);
  const open = unfolded || more.some((one) => wrong.has(one.key));
  const draw = (one: Property): JSX.Element => (
    <Control key={one.key} doc={props.doc} path={[...props.path, one.key]} property={one} />
  );
  return (
    <>
      {daily.map(draw)}
      {more.length > 0 ? (
        <details open={open} onToggle={(event) => setUnfolded(event.currentTarget.open)}>
          <summary>{w("more_options", { count: more.length })}</summary>
          {open ? more.map(draw) : null}
        </details>
      ) : null}
    </>
  );
}

/** The kind of a document is fixed; that of a part, such as a tile, is not. */
function isShown(key: string, path: Path): boolean {
  return !HIDDEN.has(key) || (key === "kind" && path.length > 0);
}

/** A finding may stand at a single value: the options show the object around it. */
function shownPath(doc: Doc, path: Path): Path {
  let shown = path;
  while (shown.length > 0 && !isObject(at(doc.content, shown))) shown = shown.slice(0, -1);
  return shown;
}
