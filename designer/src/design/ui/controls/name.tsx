/** The technical name of a definition or part: what names it follows when it is called otherwise. */

import { useState, type InputHTMLAttributes, type JSX } from "react";
import { renameEverywhere } from "../../model/commands/rename_everywhere";
import { freeName, kindOf, type Doc, type Docs } from "../../model/documents";
import { at, isList, isObject, textOf, type JsonObject, type Path } from "../../model/json";
import { isMentioned } from "../../model/mentions";
import { useRun, useView, useWorkbench } from "../desk";
import { Icon } from "../icon";
import { askRenaming, type Renaming } from "../naming/asking";
import { useProposedName } from "../naming/proposing";
import { w } from "../words";
import type { ControlProps } from "./control";

/** Lists whose items have names, and the key under which these are. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ...["fields", "children", "rules", "field_rules", "no_overlap", "record_types"].map(named),
  ...["states", "transitions", "steps", "branches", "sections", "tiles", "inputs"].map(named),
  ...["constants", "calendars", "expressions", "parameters", "users", "records"].map(named),
  ["choices", "value"],
]);

function named(list: string): readonly [string, string] {
  return [list, "name"];
}

/** Names that things have before somebody gives them one. */
const FIRST = /^(value|one|new|item|field|child|state|transition|step|constant)(_\d+)?$/;

/** Say whether a key holds a name that something else may use. */
export function isName(doc: Doc, path: Path): boolean {
  const key = path[path.length - 1];
  if (path.length === 1) return key === "name" && kindOf(doc) !== "extends";
  if (path[path.length - 2] === "create") return key === "name";
  // What an extension adds to a field's choices stands by the name of the field.
  const lists = path.slice(-4, -2).map(String);
  return lists.some((list) => NAMED.get(list) === key) && typeof path[path.length - 2] === "number";
}

/** Say whether records hold what stands there, so that another one has to say what it was. */
function isHeld(path: Path): boolean {
  return path[path.length - 1] === "value" || path[path.length - 3] === "record_types";
}

type State =
  | { readonly kind: "typed" }
  | { readonly kind: "asking" }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "found"; readonly found: Renaming; readonly asked: Docs };

export function NameControl(props: ControlProps): JSX.Element {
  const { doc, path, set } = props;
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <>
      <NameInput {...props} described={`${props.id}-help`} onTyped={setTyped} />
      <Proposal doc={doc} path={path} name={typed ?? textOf(props.value)} onTake={set} />
    </>
  );
}

interface InputProps extends ControlProps {
  readonly described?: string;
  /** What is typed and not taken yet; null where the name stands as it is. */
  readonly onTyped?: (typed: string | null) => void;
  readonly attributes?: InputHTMLAttributes<HTMLInputElement> & { readonly "data-place"?: string };
}

/** A field for a name: what names it is asked for, and follows. */
export function NameInput(props: InputProps): JSX.Element {
  const { id, doc, path, schema, set, attributes } = props;
  const view = useView();
  const { store, save, renaming } = useWorkbench();
  const run = useRun();
  const name = textOf(props.value);
  const isModule = kindOf(doc) === "module" && path.length === 1;
  // Null while the name stands as it is: what nothing names is written through at once.
  const [typed, type] = useState<string | null>(null);
  const setTyped = (text: string | null): void => {
    type(text);
    props.onTyped?.(text);
  };
  const [used, setUsed] = useState(false);
  const [state, setState] = useState<State>({ kind: "typed" });
  const leave = (): void => {
    setTyped(null);
    setState({ kind: "typed" });
  };
  const ask = async (wanted: string): Promise<void> => {
    setState({ kind: "asking" });
    const docs = store.view.docs;
    try {
      if (!(await save())) throw new Error(w("rename_unsaved"));
      const found = await renaming(askRenaming(doc, path.slice(0, -1), wanted));
      // What is in a module is in it by its name, which cannot change alone.
      if (!found.known && isModule) throw new Error(w("rename_unreadable"));
      if (!found.known) {
        // A draft that cannot be read is being worked on: what is wrong with it says so itself.
        set(wanted);
        leave();
      } else if (found.count > 0 || found.along.length > 0) setState({ kind: "found", found, asked: docs });
      else {
        run(renameEverywhere(docs, found.documents));
        leave();
      }
    } catch (error: unknown) {
      setState({ kind: "refused", why: error instanceof Error ? error.message : String(error) });
    }
  };
  const commit = (): void => {
    if (typed === null || state.kind === "asking" || state.kind === "found") return;
    if (typed === name || typed === "") leave();
    else void ask(typed);
  };
  return (
    <>
      <input
        id={id}
        className="input"
        aria-describedby={props.described}
        autoCapitalize="off"
        spellCheck={false}
        value={typed ?? name}
        maxLength={typeof schema.maxLength === "number" ? schema.maxLength : 40}
        {...attributes}
        onFocus={(event) => {
          attributes?.onFocus?.(event);
          const isKept = isHeld(path) && !FIRST.test(name);
          setUsed(isModule || isKept || isMentioned(view.docs, doc.id, path, name));
        }}
        onChange={(event) => {
          const text = event.target.value;
          if (!used) set(text === "" ? undefined : text);
          else {
            setTyped(text);
            setState({ kind: "typed" });
          }
        }}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === "Enter") commit();
          else if (event.key === "Escape") leave();
        }}
      />
      <div role="status">
        {state.kind === "asking" ? <p className="quiet">{w("rename_asking")}</p> : null}
        {state.kind === "refused" ? (
          <p className="message bad">
            <Icon name="alert" />
            <span>{state.why}</span>
          </p>
        ) : null}
        {state.kind === "found" ? (
          <div className="renaming" role="group" aria-label={w("rename_title", { name, wanted: typed ?? "" })}>
            <p>{w("rename_count", { name, count: state.found.count })}</p>
            {state.found.along.length > 0 ? (
              <p className="quiet">{w("rename_along", { names: state.found.along.join(", ") })}</p>
            ) : null}
            <details>
              <summary>{w("rename_places")}</summary>
              <ul>
                {state.found.places.map((one, position) => (
                  <li key={position}>{one}</li>
                ))}
              </ul>
            </details>
            <button
              type="button"
              className="button main"
              onClick={() => {
                run(renameEverywhere(state.asked, state.found.documents));
                leave();
              }}
            >
              {w("rename_everywhere", { wanted: typed ?? "" })}
            </button>
            <button type="button" className="button quiet" onClick={leave}>
              {w("rename_cancel")}
            </button>
          </div>
        ) : null}
      </div>
    </>
  );
}

/** A name out of the label, offered while the name is still the one that things begin with. */
function Proposal(props: {
  readonly doc: Doc;
  readonly path: Path;
  readonly name: string;
  readonly onTake: (name: string) => void;
}): JSX.Element | null {
  const { doc, path, name, onTake } = props;
  const { vocabulary } = useWorkbench();
  const around = at(doc.content, path.slice(0, -1));
  const part = isObject(around) ? around : {};
  const first = name === "" || FIRST.test(name) || name.replace(/_\d+$/, "") === textOf(part.type);
  const said = isObject(part.label) ? textOf(part.label.en) || textOf(part.label.zh) : "";
  // A field that is called like its type has no name of its own yet.
  const isType = vocabulary.palette.some((group) => group.types.some((one) => one.title === said));
  const label = first && path.length > 1 && !isType ? said : "";
  const proposed = useProposedName(label, "item");
  if (label === "" || proposed === "item") return null;
  const beside = at(doc.content, path.slice(0, 1));
  const taken = (isList(beside) ? beside : []).filter(isObject).map((one: JsonObject) => textOf(one.name));
  const free = freeName(proposed, taken.filter((one) => one !== name));
  if (free === name) return null;
  return (
    <button type="button" className="button quiet proposal" onClick={() => onTake(free)}>
      {w("take_name", { name: free })}
    </button>
  );
}
