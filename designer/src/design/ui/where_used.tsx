/** The options' foot: where the chosen definition is used, in the draft, and its removal. */

import { useEffect, useState, type JSX } from "react";
import type { UseJson } from "../api_types";
import { removeDocument } from "../model/commands/remove_document";
import { kindOf, type Doc } from "../model/documents";
import { at, isObject, pathOf, textOf, type Path } from "../model/json";
import { useChoose, useRun } from "./desk";
import { ask } from "./api";
import { refusal } from "./http";
import { Icon } from "./icon";
import { page, w } from "./words";

/** What parts are called that other definitions name, by the list that they stand in. */
const PARTS: Readonly<Record<string, string>> = {
  fields: "field",
  children: "child",
  states: "state",
  transitions: "transition",
};
/** Kinds of documents that nothing names. */
const UNNAMED: ReadonlySet<string> = new Set(["extends", "dashboard", "scenario"]);

type Found = { readonly uses: readonly UseJson[]; readonly live: boolean } | { readonly refused: string } | null;

/** What is asked about: the part that is chosen, or the document around it. */
export function askedOf(doc: Doc, path: Path): { kind: string; id: string } | null {
  const part = at(doc.content, path.slice(0, 2));
  const kind = PARTS[String(path[0])];
  if (kind !== undefined && isObject(part) && textOf(part.id) !== "") return { kind, id: textOf(part.id) };
  return UNNAMED.has(kindOf(doc)) ? null : { kind: kindOf(doc), id: doc.id };
}

export function WhereUsed({ doc, path }: { readonly doc: Doc; readonly path: Path }): JSX.Element {
  const run = useRun();
  const asked = askedOf(doc, path);
  const [open, setOpen] = useState(false);
  return (
    <div className="option-foot">
      {asked === null ? null : (
        <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{w("where_used")}</summary>
          {open ? <Uses kind={asked.kind} id={asked.id} /> : null}
        </details>
      )}
      {path.length === 0 ? (
        <button type="button" className="button quiet" onClick={() => run(removeDocument(doc.id))}>
          <Icon name="trash" />
          {w("remove_document")}
        </button>
      ) : null}
    </div>
  );
}

function Uses({ kind, id }: { readonly kind: string; readonly id: string }): JSX.Element {
  const choose = useChoose();
  const [found, setFound] = useState<Found>(null);
  useEffect(() => {
    let current = true;
    void usesOf(kind, id)
      .catch((error: unknown): Found => ({ refused: String(error) }))
      .then((answer) => {
        if (current) setFound(answer);
      });
    return () => {
      current = false;
    };
  }, [kind, id]);
  if (found === null) return <p className="quiet">{w("where_used_looking")}</p>;
  if ("refused" in found) return <p className="quiet">{found.refused}</p>;
  return (
    <>
      {found.live ? <p className="quiet">{w("where_used_live")}</p> : null}
      {found.uses.length === 0 ? <p className="quiet">{w("where_used_nowhere")}</p> : null}
      <ul className="uses">
        {found.uses.map((one, position) => (
          <li key={position}>
            <button type="button" className="plain" onClick={() => choose(one.id, pathOf(one.path))}>
              {one.text}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Ask about the draft; about what is live where the draft cannot be read as it stands. */
async function usesOf(kind: string, id: string): Promise<Found> {
  const about = { kind, name: id };
  const drafted = await ask("GET /metadata/where-used", { query: { ...about, draft: page().draft } });
  if (drafted.ok) return { uses: drafted.body.items, live: false };
  const live = await ask("GET /metadata/where-used", { query: about });
  if (live.ok) return { uses: live.body.items, live: true };
  return live.status === 404 ? { uses: [], live: true } : { refused: refusal(live) };
}
