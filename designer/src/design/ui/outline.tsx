/** Everything in the draft by module and kind; adds and removes definitions. */

import { useMemo, useState, type JSX } from "react";
import { KINDS, startOf } from "../editors/registry";
import { addDocument } from "../model/commands/add_document";
import { several } from "../model/commands/several";
import { find, freeName, kindOf, labelOf, named, nameOf, newId, titleOf, type Doc, type Docs } from "../model/documents";
import { findingsAt, useChoose, useRun, useView, useWorkbench } from "./desk";
import { Icon } from "./icon";
import { useProposedName } from "./naming/proposing";
import { page, w } from "./words";

export function Outline(): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const [sought, setSought] = useState("");
  const [adding, setAdding] = useState(false);
  const modules = useMemo(() => grouped(view.docs, sought, language), [view.docs, sought, language]);
  return (
    <nav className="outline" aria-label={w("outline")}>
      <div className="outline-head">
        <input
          type="search"
          className="input"
          placeholder={w("seek")}
          aria-label={w("seek")}
          value={sought}
          onChange={(event) => setSought(event.target.value)}
        />
        <button type="button" className="button" aria-expanded={adding} onClick={() => setAdding(!adding)}>
          <Icon name="plus" />
          {w("new")}
        </button>
      </div>
      {adding ? <NewDocument onDone={() => setAdding(false)} /> : null}
      {modules.map(([module, docs]) => (
        <Module key={module} module={module} docs={docs} open={sought !== ""} />
      ))}
    </nav>
  );
}

function Module(props: {
  readonly module: string;
  readonly docs: readonly Doc[];
  readonly open: boolean;
}): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const choose = useChoose();
  const manifest = find(view.docs, "module", props.module);
  const holds = props.docs.some((doc) => doc.id === view.chosen?.id);
  const [opened, setOpened] = useState<boolean | null>(null);
  const open = props.open || (opened ?? holds);
  const kinds = KINDS.filter((kind) => props.docs.some((doc) => kindOf(doc) === kind));
  return (
    <details open={open} onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary>{manifest === undefined ? props.module : labelOf(manifest.content, language)}</summary>
      {open
        ? kinds.map((kind) => (
            <div key={kind} className="outline-kind">
              <h3>{w(`kinds_${kind}`)}</h3>
              <ul>
                {props.docs
                  .filter((doc) => kindOf(doc) === kind)
                  .map((doc) => (
                    <li key={doc.id}>
                      <button
                        type="button"
                        className="plain"
                        aria-current={view.chosen?.id === doc.id ? "true" : undefined}
                        onClick={() => choose(doc.id)}
                      >
                        {titleOf(view.docs, doc, language)}
                        {findingsAt(view, doc).some((one) => one.severity === "error") ? (
                          <span className="dot" aria-label={w("has_problems")} />
                        ) : null}
                      </button>
                    </li>
                  ))}
              </ul>
            </div>
          ))
        : null}
    </details>
  );
}

function NewDocument({ onDone }: { readonly onDone: () => void }): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const docs = [...view.docs.values()];
  const chosen = view.chosen === null ? undefined : view.docs.get(view.chosen.id);
  const modules = docs.filter((doc) => kindOf(doc) === "module");
  const [kind, setKind] = useState("object");
  const [label, setLabel] = useState("");
  const [name, setName] = useState("");
  const [module, setModule] = useState(chosen?.module ?? modules[0]?.module ?? "");
  const objects = docs.filter((doc) => kindOf(doc) === "object" || kindOf(doc) === "workflow");
  const [of, setOf] = useState(chosen !== undefined && kindOf(chosen) === "object" ? nameOf(chosen) : "");
  const start = startOf(kind);
  const wanted = start.of;
  const about = objects.filter((doc) => kindOf(doc) === wanted);
  const taken = docs.filter((doc) => kindOf(doc) === kind).map(nameOf);
  const spelled = useProposedName(label, kind);
  const proposed = freeName(name === "" ? spelled : named(name) || kind, taken);
  const ready = wanted === undefined || about.some((doc) => nameOf(doc) === of);
  const add = (): void => {
    const id = newId();
    const home = kind === "module" ? proposed : module;
    const asked = { name: proposed, label, language, of, docs: view.docs, module: home, roles: page().roles };
    const content = { kind, id, name: proposed, ...start.content(asked) };
    const beside = start.also?.(asked) ?? [];
    run(several("design.did_add_document", [addDocument({ id, module: home, content }), ...beside]));
    choose(id);
    onDone();
  };
  return (
    <form
      className="new-document"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) add();
      }}
    >
      <label>
        {w("new_kind")}
        <select className="input" value={kind} onChange={(event) => setKind(event.target.value)}>
          {KINDS.filter((one) => one !== "extends").map((one) => (
            <option key={one} value={one}>
              {w(`kind_${one}`)}
            </option>
          ))}
        </select>
      </label>
      {kind === "module" ? null : (
        <label>
          {w("kind_module")}
          <select className="input" value={module} onChange={(event) => setModule(event.target.value)}>
            {modules.map((one) => (
              <option key={one.id} value={one.module}>
                {labelOf(one.content, language)}
              </option>
            ))}
          </select>
        </label>
      )}
      {wanted === undefined ? null : (
        <label>
          {w(`kind_${wanted}`)}
          <select className="input" value={of} onChange={(event) => setOf(event.target.value)}>
            <option value="" />
            {about.map((one) => (
              <option key={one.id} value={nameOf(one)}>
                {labelOf(one.content, language)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        {w("new_label")}
        <input className="input" value={label} autoFocus onChange={(event) => setLabel(event.target.value)} />
      </label>
      <label>
        {w("new_name")}
        <input
          className="input"
          value={name}
          placeholder={proposed}
          pattern="[a-z][a-z0-9_]{0,39}"
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <button className="button main" disabled={!ready}>
        {w("add")}
      </button>
      <a className="button quiet" href={`/design/start?draft=${page().draft}`}>
        {w("start_from")}
      </a>
    </form>
  );
}

function grouped(
  docs: Docs,
  sought: string,
  language: "zh" | "en",
): [string, readonly Doc[]][] {
  const words = sought.trim().toLowerCase();
  const fits = (doc: Doc): boolean =>
    words === "" ||
    nameOf(doc).includes(words) ||
    titleOf(docs, doc, language).toLowerCase().includes(words);
  const result = new Map<string, Doc[]>();
  for (const doc of docs.values()) {
    const manifest = kindOf(doc) === "module" && words === "";
    if (!fits(doc) && !manifest) continue;
    result.set(doc.module, [...(result.get(doc.module) ?? []), doc]);
  }
  return [...result.entries()];
}
