/** The designer's frame: what is open above, then outline, canvas and options side by side. */

import { Fragment, useEffect, useState, useSyncExternalStore, type JSX } from "react";
import { editorOf } from "../editors/registry";
import { kindOf, nameOf, titleOf, type Doc } from "../model/documents";
import { at, isObject, textOf, type Path } from "../model/json";
import { CostLine } from "./cost";
import { useChoose, useView, useWorkbench } from "./desk";
import { Guide, GuideButton } from "./guide/guide";
import { Icon, IconButton } from "./icon";
import { Jumps } from "./jumps";
import { JsonPane } from "./json_pane";
import type { Keeper } from "./keeper";
import { useKeptFocus } from "./kept_focus";
import { Options } from "./options";
import { Outline } from "./outline";
import { useNarrow } from "./narrow";
import { hasPreview, Preview } from "./preview";
import { Problems } from "./problems";
import { Hindered } from "./hindered";
import { People } from "./people";
import { useRegions } from "./regions";
import { WhereUsed } from "./where_used";
import { page, w } from "./words";

export function Shell({ keeper }: { readonly keeper: Keeper }): JSX.Element {
  const view = useView();
  const doc = view.chosen === null ? undefined : view.docs.get(view.chosen.id);
  useShortcuts();
  useKeptFocus();
  useRegions();
  useAddress(doc);
  useReady();
  const [wide, setWide] = useState(false);
  const narrow = useNarrow();
  const classes = ["studio", wide ? "wide" : "", doc === undefined ? "" : "opened"];
  return (
    <div className={classes.join(" ").trim()}>
      <Bar keeper={keeper} />
      {/* Below the canvas, where the options are on a phone, nobody would see it. */}
      {narrow ? <Guide /> : null}
      <Outline />
      <section className="canvas" aria-label={w("canvas")}>
        {doc === undefined ? <Welcome /> : <Canvas key={doc.id} doc={doc} wide={wide} onWide={() => setWide(!wide)} />}
      </section>
      <aside className="options" aria-label={w("options")}>
        {narrow ? null : <Guide />}
        {doc === undefined || view.chosen === null ? null : (
          <Fragment key={placeOf(doc, view.chosen.path)}>
            <Options doc={doc} path={view.chosen.path} />
            <WhereUsed doc={doc} path={view.chosen.path} />
          </Fragment>
        )}
      </aside>
      <Jumps hasOptions={doc !== undefined} />
    </div>
  );
}

/** Name what the options speak of, so that its controls stay when others put something before it. */
function placeOf(doc: Doc, path: Path): string {
  const steps = path.map((step, position) => {
    const part = at(doc.content, path.slice(0, position + 1));
    return (isObject(part) ? textOf(part.id) : "") || step;
  });
  return [doc.id, ...steps].join("/");
}

function Bar({ keeper }: { readonly keeper: Keeper }): JSX.Element {
  const view = useView();
  const { store } = useWorkbench();
  const kept = useSyncExternalStore(keeper.subscribe, keeper.snapshot);
  const [open, setOpen] = useState(false);
  const wrong = view.findings.filter((one) => one.severity === "error").length;
  return (
    <header className="studio-bar">
      <a className="button quiet" href="/design">
        <Icon name="back" />
        {w("all_drafts")}
      </a>
      <strong className="studio-name">{page().name}</strong>
      <span className="badge amber">{w("not_live", { version: page().base })}</span>
      <span className="saving" role="status">
        {w(`saving_${kept.isRenaming && kept.saving === "saved" ? "renaming" : kept.saving}`)}
        {kept.others.size > 0 ? ` · ${w("others", { who: [...new Set(kept.others.values())].join(", ") })}` : ""}
      </span>
      <People present={kept.present} />
      <span className="visually-hidden" role="status">
        {wrong > 0 ? w("problems", { count: wrong }) : ""}
      </span>
      <span className="studio-acts">
        <GuideButton />
        <IconButton
          icon="undo"
          name={view.undoes === null ? w("undo") : `${w("undo")}: ${w(view.undoes.slice(7))}`}
          disabled={view.undoes === null}
          onPress={store.undo}
        />
        <IconButton
          icon="redo"
          name={view.redoes === null ? w("redo") : `${w("redo")}: ${w(view.redoes.slice(7))}`}
          disabled={view.redoes === null}
          onPress={store.redo}
        />
        <button
          type="button"
          className={wrong > 0 ? "button bad" : "button quiet"}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <Icon name={wrong > 0 ? "alert" : "check"} />
          {wrong > 0 ? w("problems", { count: wrong }) : w("no_problems")}
        </button>
        <a className="button main" href={`/design/${page().draft}/publish`}>
          {w("publish")}
        </a>
      </span>
      {open ? <Problems onClose={() => setOpen(false)} /> : null}
      <Hindered kept={kept} keeper={keeper} />
    </header>
  );
}

function Canvas(props: {
  readonly doc: Doc;
  /** Whether the options are folded away. */
  readonly wide: boolean;
  readonly onWide: () => void;
}): JSX.Element {
  const { doc } = props;
  const { language } = useWorkbench();
  const view = useView();
  const [shown, setShown] = useState<"drawn" | "json" | "preview">("drawn");
  const choose = useChoose();
  const Editor = editorOf(kindOf(doc));
  return (
    <>
      <div className="canvas-head">
        <div>
          <p className="quiet">
            {w(`kind_${kindOf(doc)}`)} · <code>{nameOf(doc)}</code>
          </p>
          <h2>
            <button type="button" className="plain" onClick={() => choose(doc.id)}>
              {titleOf(view.docs, doc, language)}
            </button>
          </h2>
        </div>
        <div className="canvas-acts">
        <div className="switch" role="group" aria-label={w("shown_as")}>
          <button type="button" aria-pressed={shown === "drawn"} onClick={() => setShown("drawn")}>
            {w("drawn")}
          </button>
          <button type="button" aria-pressed={shown === "json"} onClick={() => setShown("json")}>
            JSON
          </button>
          {hasPreview(kindOf(doc)) ? (
            <button type="button" aria-pressed={shown === "preview"} onClick={() => setShown("preview")}>
              {w("preview")}
            </button>
          ) : null}
        </div>
        <button
          type="button"
          className="button quiet icon-only fold"
          aria-pressed={!props.wide}
          aria-label={w("options_shown")}
          title={w("options_shown")}
          onClick={props.onWide}
        >
          <Icon name="panel" />
        </button>
        </div>
      </div>
      <CostLine doc={doc} />
      {shown === "json" ? <JsonPane doc={doc} /> : shown === "preview" ? <Preview doc={doc} /> : <Editor doc={doc} />}
    </>
  );
}

function Welcome(): JSX.Element {
  return (
    <div className="empty">
      <h2>{w("welcome")}</h2>
      <p>{w("welcome_text")}</p>
      <p>{w("welcome_guide")}</p>
      <p className="welcome-acts">
        <GuideButton quiet={false} />
        <a className="button" href={`/design/start?draft=${page().draft}`}>
          {w("start_from")}
        </a>
      </p>
    </div>
  );
}

/** Say whether somebody types what is not in the draft yet: the browser undoes it there. */
function undoesItself(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("form, [type=search], [data-typed]") !== null;
}

function useShortcuts(): void {
  const { store } = useWorkbench();
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || undoesItself(event.target)) return;
      const key = event.key.toLowerCase();
      if (key === "z" && !event.shiftKey) store.undo();
      else if (key === "y" || (key === "z" && event.shiftKey)) store.redo();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [store]);
}

/** Say that keys and presses are heard: only once the frame is drawn. */
function useReady(): void {
  useEffect(() => {
    document.documentElement.dataset.design = "ready";
  }, []);
}

/** What is open stands in the address, so that it can be sent and comes back on reload. */
function useAddress(doc: Doc | undefined): void {
  const { store } = useWorkbench();
  useEffect(() => {
    const id = window.location.hash.slice(1);
    if (id !== "" && store.view.docs.has(id)) store.choose({ id, path: [] });
  }, [store]);
  const id = doc?.id;
  useEffect(() => {
    if (id !== undefined) window.history.replaceState(null, "", `#${id}`);
  }, [id]);
}
