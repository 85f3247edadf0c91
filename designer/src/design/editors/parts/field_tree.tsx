/** The fields of an object, and along its references those of others: pressed or dragged into a drawing. */

import { useState, type JSX, type ReactNode } from "react";
import { labelOf, type Docs } from "../../model/documents";
import { textOf, type JsonObject } from "../../model/json";
import { partsOf, SYSTEM_FIELDS, targetOf } from "../../model/screens/fields";
import { useView, useWorkbench } from "../../ui/desk";
import { Icon } from "../../ui/icon";
import { w } from "../../ui/words";
import { typeTitle } from "./titles";

/** What is dragged out of the tree: a path. */
export const FIELD_PATH = "application/x-headrace-path";

const DEEPEST = 3;
const MOST_FOUND = 40;

interface Reached {
  readonly path: string;
  readonly label: string;
  readonly field: JsonObject;
  /** The object whose fields stand behind it. */
  readonly target: string | undefined;
}

export function FieldTree(props: {
  readonly object: string;
  readonly title: string;
  readonly text: string;
  readonly shown: ReadonlySet<string>;
  readonly onPick: (path: string) => void;
}): JSX.Element {
  const { docs } = useView();
  const { language } = useWorkbench();
  const [sought, setSought] = useState("");
  const words = sought.trim().toLowerCase();
  const found =
    words === ""
      ? undefined
      : walked(docs, props.object, language, 2)
          .filter((one) => `${one.label} ${one.path}`.toLowerCase().includes(words))
          .slice(0, MOST_FOUND);
  return (
    <div className="palette field-tree" role="group" aria-label={props.title}>
      <h3>{props.title}</h3>
      <p className="quiet">{props.text}</p>
      <input
        type="search"
        className="input"
        aria-label={w("seek_field")}
        placeholder={w("seek_field")}
        value={sought}
        onChange={(event) => setSought(event.target.value)}
      />
      {found === undefined ? (
        <Branch {...props} above="" depth={0} />
      ) : (
        <ul>
          {found.map((one) => (
            <Leaf key={one.path} one={one} label={one.label} {...props} />
          ))}
        </ul>
      )}
      {found?.length === 0 ? <p className="quiet">{w("nothing_found")}</p> : null}
    </div>
  );
}

function Branch(props: {
  readonly object: string;
  readonly above: string;
  readonly depth: number;
  readonly shown: ReadonlySet<string>;
  readonly onPick: (path: string) => void;
}): JSX.Element {
  const { docs } = useView();
  const { language } = useWorkbench();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (path: string): void => {
    const next = new Set(open);
    if (!next.delete(path)) next.add(path);
    setOpen(next);
  };
  return (
    <ul>
      {reached(docs, props.object, props.above, language).map((one) => (
        <Leaf key={one.path} one={one} label={labelOf(one.field, language)} shown={props.shown} onPick={props.onPick}>
          {one.target === undefined || props.depth >= DEEPEST ? null : (
            <button
              type="button"
              className="plain branch"
              aria-expanded={open.has(one.path)}
              aria-label={w("fields_of", { name: labelOf(one.field, language) })}
              onClick={() => toggle(one.path)}
            >
              <Icon name={open.has(one.path) ? "down" : "next"} />
            </button>
          )}
          {one.target !== undefined && open.has(one.path) ? (
            <Branch {...props} object={one.target} above={`${one.path}.`} depth={props.depth + 1} />
          ) : null}
        </Leaf>
      ))}
    </ul>
  );
}

function Leaf(props: {
  readonly one: Reached;
  readonly label: string;
  readonly shown: ReadonlySet<string>;
  readonly onPick: (path: string) => void;
  readonly children?: ReactNode;
}): JSX.Element {
  const { vocabulary } = useWorkbench();
  const { one } = props;
  const [first, ...rest] = Array.isArray(props.children) ? (props.children as ReactNode[]) : [null];
  return (
    <li>
      <div className="leaf">
        <button
          type="button"
          className="palette-type"
          title={one.path}
          aria-pressed={props.shown.has(one.path)}
          draggable
          onDragStart={(event) => event.dataTransfer.setData(FIELD_PATH, one.path)}
          onClick={() => props.onPick(one.path)}
        >
          {props.label} <small>{typeTitle(vocabulary, textOf(one.field.type))}</small>
        </button>
        {first}
      </div>
      {rest}
    </li>
  );
}

function reached(docs: Docs, object: string, above: string, language: "zh" | "en", labels = ""): Reached[] {
  const own = partsOf(docs, object, "fields");
  const system = object === "user" ? [] : SYSTEM_FIELDS.slice(2);
  return [...own, ...system].map((field) => ({
    path: `${above}${textOf(field.name)}`,
    label: `${labels}${labelOf(field, language)}`,
    field,
    target: targetOf(object, field),
  }));
}

/** Return everything within `depth` references, the nearest first. */
function walked(docs: Docs, object: string, language: "zh" | "en", depth: number): Reached[] {
  let here = reached(docs, object, "", language);
  const all = [...here];
  for (let level = 1; level < depth; level++) {
    here = here.flatMap((one) =>
      one.target === undefined ? [] : reached(docs, one.target, `${one.path}.`, language, `${one.label} › `),
    );
    all.push(...here);
  }
  return all;
}
