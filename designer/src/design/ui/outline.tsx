/** Everything in the draft by module and kind; adds and removes definitions. */

import { memo, useDeferredValue, useEffect, useMemo, useRef, useState, type JSX } from "react";
import { KINDS, startOf } from "../editors/registry";
import { addDocument } from "../model/commands/add_document";
import { several } from "../model/commands/several";
import { find, freeName, kindOf, labelOf, named, nameOf, newId, titleOf, type Doc, type Docs } from "../model/documents";
import { textOf } from "../model/json";
import { objectOf } from "../model/relations";
import type { Finding } from "../model/store";
import { fileOf, useChoose, useRun, useView, useWorkbench } from "./desk";
import { Icon } from "./icon";
import { isNarrow } from "./narrow";
import { proposedName, useProposedName } from "./naming/proposing";
import { enterCanvas, stepThrough } from "./regions";
import { page, w } from "./words";

export function Outline(): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const [sought, setSought] = useState("");
  const [adding, setAdding] = useState(false);
  // What is typed is drawn first; the outline, which seldom says anything else, after it.
  const docs = useDeferredValue(view.docs);
  const findings = useDeferredValue(view.findings);
  const groups = useMemo(
    () => grouped(docs, sought, language, wrongFiles(findings)),
    [docs, findings, sought, language],
  );
  const lines = useSame(groups);
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
      {lines.map((one) => (
        <Module
          key={one.module}
          group={one}
          chosen={one.lines.find((line) => line.id === view.chosen?.id)?.id ?? null}
          open={sought !== ""}
        />
      ))}
    </nav>
  );
}

/** A definition as the outline shows it. */
interface Line {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  /** The object that it is about. */
  readonly about: string;
  /** What tells it apart from another one of the same title; empty where nothing has to. */
  readonly beside: string;
  readonly wrong: boolean;
}

interface Group {
  readonly module: string;
  readonly title: string;
  readonly lines: readonly Line[];
}

const Module = memo(function Module(props: {
  readonly group: Group;
  readonly chosen: string | null;
  readonly open: boolean;
}): JSX.Element {
  const { title, lines } = props.group;
  const choose = useChoose();
  const [opened, setOpened] = useState(props.chosen !== null);
  const [former, setFormer] = useState(props.chosen);
  if (props.chosen !== former) {
    setFormer(props.chosen);
    if (props.chosen !== null) setOpened(true);
  }
  const open = props.open || opened;
  const kinds = KINDS.filter((kind) => lines.some((one) => one.kind === kind));
  return (
    <details open={open}>
      {/* Not `onToggle`: a search, which opens what it finds, would leave all of it open. */}
      <summary
        onClick={(event) => {
          event.preventDefault();
          setOpened(!open);
        }}
      >
        {title}
      </summary>
      {open
        ? kinds.map((kind) => (
            <div key={kind} className="outline-kind">
              <h3>{w(`kinds_${kind}`)}</h3>
              <ul>
                {lines
                  .filter((one) => one.kind === kind)
                  .map((one) => (
                    <Entry key={one.id} line={one} isChosen={props.chosen === one.id} onChoose={() => choose(one.id)} />
                  ))}
              </ul>
            </div>
          ))
        : null}
    </details>
  );
});

function Entry(props: {
  readonly line: Line;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}): JSX.Element {
  const { line, isChosen } = props;
  const place = useRef<HTMLLIElement>(null);
  useEffect(() => {
    // Beside the canvas the outline scrolls by itself.
    if (isChosen && !isNarrow()) place.current?.scrollIntoView({ block: "nearest" });
  }, [isChosen]);
  return (
    <li ref={place}>
      <button
        type="button"
        className="plain"
        aria-current={isChosen ? "true" : undefined}
        onClick={() => {
          props.onChoose();
          if (isNarrow()) enterCanvas();
        }}
      >
        {line.title}
        {line.beside === "" ? null : <span className="quiet"> · {line.beside}</span>}
        {line.wrong ? <span className="dot" role="img" aria-label={w("has_problems")} /> : null}
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
  const [picked, setOf] = useState("");
  const start = startOf(kind);
  const wanted = start.of;
  // Those of the module itself are meant most often.
  const about = objects
    .filter((doc) => kindOf(doc) === wanted)
    .sort((one, other) => Number(other.module === module) - Number(one.module === module));
  const of = about.some((doc) => nameOf(doc) === picked) ? picked : aboutChosen(view.docs, about, chosen, module);
  const taken = docs.filter((doc) => kindOf(doc) === kind).map(nameOf);
  const spelled = useProposedName(label, kind);
  const ready = wanted === undefined || of !== "";
  const add = async (): Promise<void> => {
    const id = newId();
    // Who is quicker than the server that spells the label waits for it.
    const called = name === "" ? await proposedName(label, kind) : named(name) || kind;
    const proposed = freeName(called, taken);
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
        if (ready) void add();
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
          <select
            className="input"
            value={module}
            onChange={(event) => (event.target.value === "" ? setKind("module") : setModule(event.target.value))}
          >
            {modules.map((one) => (
              <option key={one.id} value={one.module}>
                {labelOf(one.content, language)}
              </option>
            ))}
            <option value="">{w("new_module")}</option>
          </select>
        </label>
      )}
      {wanted === undefined ? null : (
        <label>
          {w(`kind_${wanted}`)}
          <select className="input" value={of} onChange={(event) => setOf(event.target.value)}>
            <option value="">{w("choose_whom")}</option>
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
          placeholder={freeName(spelled, taken)}
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

/** Return what a new definition is about, as far as that is plain: what is open, or the only one of the module. */
function aboutChosen(docs: Docs, about: readonly Doc[], chosen: Doc | undefined, module: string): string {
  const object = chosen === undefined ? undefined : objectOf(docs, chosen);
  const near = about.find((doc) => doc === chosen || doc === object || (object !== undefined && doc.content.object === nameOf(object)));
  const own = about.filter((doc) => doc.module === module);
  const found = near ?? (own.length === 1 ? own[0] : undefined);
  return found === undefined ? "" : nameOf(found);
}

function grouped(
  docs: Docs,
  sought: string,
  language: "zh" | "en",
  wrong: ReadonlySet<string>,
): readonly Group[] {
  const words = sought.trim().toLowerCase();
  const result = new Map<string, Line[]>();
  for (const doc of docs.values()) {
    const kind = kindOf(doc);
    const title = titleOf(docs, doc, language);
    const fits = words === "" || nameOf(doc).includes(words) || title.toLowerCase().includes(words);
    if (!fits) continue;
    const about = textOf(doc.content.object);
    const line = { id: doc.id, kind, title, about, beside: "", wrong: wrong.has(fileOf(doc)) };
    const known = result.get(doc.module);
    if (known === undefined) result.set(doc.module, [line]);
    else known.push(line);
  }
  return [...result].map(([module, lines]) => {
    const manifest = find(docs, "module", module);
    return { module, title: manifest === undefined ? module : labelOf(manifest.content, language), lines: toldApart(docs, lines, language) };
  });
}

/** Put the object beside what would be called the same as another of its kind. */
function toldApart(docs: Docs, lines: readonly Line[], language: "zh" | "en"): readonly Line[] {
  const taken = new Map<string, number>();
  const called = (one: Line): string => `${one.kind} ${one.title}`;
  for (const one of lines) taken.set(called(one), (taken.get(called(one)) ?? 0) + 1);
  return lines.map((one) =>
    taken.get(called(one)) === 1 || one.about === ""
      ? one
      : { ...one, beside: labelOf(find(docs, "object", one.about)?.content, language) },
  );
}

/** Return the groups, each the same value as before where it says the same: it is not drawn again. */
function useSame(groups: readonly Group[]): readonly Group[] {
  const [known] = useState(() => new Map<string, readonly [string, Group]>());
  return groups.map((one) => {
    const text = JSON.stringify(one);
    const former = known.get(one.module);
    if (former?.[0] === text) return former[1];
    known.set(one.module, [text, one]);
    return one;
  });
}

function wrongFiles(findings: readonly Finding[]): ReadonlySet<string> {
  return new Set(findings.filter((one) => one.severity === "error").map((one) => one.file));
}
