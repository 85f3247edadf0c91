/** Everything in the draft by module and kind; adds and removes definitions. */

import { useEffect, useMemo, useRef, useState, type JSX } from "react";
import { KINDS, startOf } from "../editors/registry";
import { addDocument } from "../model/commands/add_document";
import { several } from "../model/commands/several";
import { find, freeName, kindOf, labelOf, named, nameOf, newId, titleOf, type Doc, type Docs } from "../model/documents";
import { textOf } from "../model/json";
import { findingsAt, useChoose, useRun, useView, useWorkbench } from "./desk";
import { Icon } from "./icon";
import { useProposedName } from "./naming/proposing";
import { enterCanvas, stepThrough } from "./regions";
import { page, w } from "./words";

export function Outline(): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const [sought, setSought] = useState("");
  const [adding, setAdding] = useState(false);
  const modules = useMemo(() => grouped(view.docs, sought, language), [view.docs, sought, language]);
  return (
    <nav className="outline" aria-label={w("outline")} onKeyDown={stepThrough}>
      <h2 className="visually-hidden">{w("outline")}</h2>
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
                {titled(view.docs, props.docs.filter((doc) => kindOf(doc) === kind), language).map((one) => (
                  <Entry key={one.doc.id} {...one} />
                ))}
              </ul>
            </div>
          ))
        : null}
    </details>
  );
}

interface Titled {
  readonly doc: Doc;
  readonly title: string;
  /** What else tells it apart from another one of the same title; empty where nothing has to. */
  readonly beside: string;
}

function titled(all: Docs, docs: readonly Doc[], language: "zh" | "en"): Titled[] {
  const titles = docs.map((doc) => titleOf(all, doc, language));
  const taken = new Map<string, number>();
  for (const title of titles) taken.set(title, (taken.get(title) ?? 0) + 1);
  return docs.map((doc, position) => {
    const title = titles[position] ?? "";
    const object = taken.get(title) === 1 ? undefined : find(all, "object", textOf(doc.content.object));
    return { doc, title, beside: object === undefined ? "" : labelOf(object.content, language) };
  });
}

/** The width from which on the outline scrolls by itself, beside the canvas. */
const BESIDE = "(min-width: 901px)";

function Entry({ doc, title, beside }: Titled): JSX.Element {
  const view = useView();
  const choose = useChoose();
  const place = useRef<HTMLLIElement>(null);
  const isChosen = view.chosen?.id === doc.id;
  useEffect(() => {
    if (isChosen && window.matchMedia(BESIDE).matches) place.current?.scrollIntoView({ block: "nearest" });
  }, [isChosen]);
  return (
    <li ref={place}>
      <button
        type="button"
        className="plain"
        aria-current={isChosen ? "true" : undefined}
        onClick={() => {
          choose(doc.id);
          if (!window.matchMedia(BESIDE).matches) enterCanvas();
        }}
      >
        {title}
        {beside === "" ? null : <span className="quiet"> · {beside}</span>}
        {findingsAt(view, doc).some((one) => one.severity === "error") ? (
          <span className="dot" role="img" aria-label={w("has_problems")} />
        ) : null}
      </button>
    </li>
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
    enterCanvas();
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
