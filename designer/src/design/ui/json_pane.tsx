/** A document as JSON, which takes edits too. */

import { useState, type JSX } from "react";
import { replaceContent } from "../model/commands/replace_content";
import type { Doc } from "../model/documents";
import { isObject, same, type Json } from "../model/json";
import { useRun } from "./desk";
import { useWholeWidth } from "./whole_width";
import { w } from "./words";

export function JsonPane({ doc }: { readonly doc: Doc }): JSX.Element {
  useWholeWidth();
  const run = useRun();
  const text = JSON.stringify(doc.content, null, 2);
  const [typed, setTyped] = useState<string | null>(null);
  const read = typed === null ? doc.content : parsed(typed);
  const wrong = !isObject(read);
  const changed = !wrong && !same(read, doc.content);
  return (
    <div className="json-pane">
      <textarea
        data-typed
        aria-label={w("json")}
        spellCheck={false}
        value={typed ?? text}
        aria-invalid={wrong}
        onChange={(event) => setTyped(event.target.value)}
      />
      <div className="json-acts">
        {wrong ? <span className="error">{w("json_wrong")}</span> : null}
        <button
          type="button"
          className="button main"
          disabled={wrong || !changed}
          onClick={() => {
            if (isObject(read)) run(replaceContent(doc.id, read));
            setTyped(null);
          }}
        >
          {w("json_take")}
        </button>
        <button type="button" className="button quiet" disabled={typed === null} onClick={() => setTyped(null)}>
          {w("json_leave")}
        </button>
      </div>
    </div>
  );
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
