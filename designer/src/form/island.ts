/** A form that computes while it is filled in; the server computes and checks it all again. */

import type { Json } from "../formula/evaluate";
import { all, ask, data, debounced } from "../page/dom";
import { language, word } from "../page/words";
import { type Filled, compute, standing } from "./compute";
import { limitChoices } from "./dependent";
import { Grid, type Pasted } from "./grid";
import { Lookup, type Maker } from "./lookup";
import type { LiveForm, Met, Problem } from "./model";
import { openQuick } from "./quick";
import { wireRichTexts } from "./rich";
import { takePick } from "./picks";
import { Scope } from "./scope";
import { takeTick } from "./ticks";

interface Preview {
  readonly values: Readonly<Record<string, Json>>;
  readonly children: Readonly<Record<string, readonly Readonly<Record<string, Json>>[]>>;
  readonly met: Met;
  readonly rows_met: Readonly<Record<string, readonly Met[]>>;
}

const PAUSE = 200;
const SHORT_PAUSE = 120;
const MANY_ROWS = 40;
/** How many choices that depend on each other are followed in a row. */
const MOST_FOLLOWED = 20;

/** Rounds of computing: what is hidden or locked falls back, on which other rules may hang. */
const MOST_ROUNDS = 4;

export class FormIsland {
  private readonly record: Scope;
  private readonly grids: Grid[];
  private readonly askServer: () => void;
  private readonly refreshSoon: () => void;
  private dirty = false;
  private asked: string;
  private running: AbortController | null = null;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly model: LiveForm,
    private readonly mayMake = true,
  ) {
    this.record = new Scope(form, model, model.values, model.met);
    this.refreshSoon = debounced(SHORT_PAUSE, () => {
      this.refresh(false);
    });
    this.askServer = debounced(PAUSE, () => void this.preview());
    this.grids = all(form, "[data-grid]", HTMLElement).flatMap((element) => this.gridOf(element));
    this.wireLookups(form);
    wireRichTexts(form);
    this.listen();
    this.refresh(false);
    this.asked = this.questions();
  }

  private gridOf(element: HTMLElement): Grid[] {
    const name = element.dataset.grid ?? "";
    const child = this.model.children[name];
    if (child === undefined || element.dataset.editable !== "yes") return [];
    const events = {
      added: (scope: Scope, quiet: boolean): void => {
        this.wireLookups(scope.element);
        wireRichTexts(scope.element);
        if (quiet) return;
        this.dirty = true;
        this.refresh(false);
        this.askServer();
      },
      pasted: (
        columns: readonly string[],
        rows: readonly (readonly string[])[],
      ): Promise<Pasted | null> => {
        const body = { relation: name, columns, rows, id: this.form.dataset.record ?? null };
        return ask<Pasted>(this.form.dataset.paste ?? "", body, new AbortController().signal);
      },
      changed: (): void => {
        this.dirty = true;
        this.refresh(true);
        this.askWhereNeeded();
      },
    };
    return [new Grid(element, name, child, events)];
  }

  private wireLookups(within: HTMLElement): void {
    for (const element of all(within, "[data-lookup]", HTMLElement)) {
      if (element.dataset.wired === "yes") continue;
      element.dataset.wired = "yes";
      const maker = this.mayMake ? makeRecord : null;
      Lookup.of(element, () => this.around(element), maker);
    }
  }

  /** The values around a lookup: those of its row with the record's under `master`. */
  private around(element: Element): Readonly<Record<string, Json>> {
    const record = Object.fromEntries(this.record.values());
    const row = this.scopeOf(element);
    if (row === this.record) return record;
    return { ...Object.fromEntries(row.values()), master: record };
  }

  private listen(): void {
    this.form.addEventListener("input", (event) => {
      this.dirty = true;
      this.touch(event.target);
      if (this.isLarge()) this.refreshSoon();
      else this.refresh(false);
    });
    this.form.addEventListener("change", (event) => {
      this.dirty = true;
      this.touch(event.target);
      this.retype(event.target);
      this.refresh(true);
      this.askWhereNeeded();
    });
    this.form.addEventListener("submit", () => {
      this.dirty = false;
      for (const grid of this.grids) grid.prune();
    });
    window.addEventListener("beforeunload", (event) => {
      // A form in the panel of a lookup is gone when that is closed.
      if (this.dirty && this.form.isConnected) event.preventDefault();
    });
  }

  /** Another type of record may have another form: the server shows it with what was entered. */
  private retype(target: EventTarget | null): void {
    if (!(target instanceof HTMLSelectElement) || target.dataset.name !== "record_type") return;
    const button = this.form.querySelector<HTMLButtonElement>("button[data-retype]");
    if (button !== null && this.scopeOf(target) === this.record) this.form.requestSubmit(button);
  }

  /** With many rows, computing waits for a pause, so that typing never does. */
  private isLarge(): boolean {
    return this.grids.some((grid) => grid.rows().length > MANY_ROWS);
  }

  private touch(target: EventTarget | null): void {
    if (!(target instanceof HTMLElement)) return;
    const name = (takeTick(target) ?? takePick(target) ?? target).dataset.name;
    if (name !== undefined) this.scopeOf(target).touched.add(name);
  }

  private scopeOf(element: Element): Scope {
    for (const grid of this.grids) {
      const scope = grid.scopeAround(element);
      if (scope !== null) return scope;
    }
    return this.record;
  }

  /** Ask the server where anything changed on which its own values hang. */
  private askWhereNeeded(): void {
    if (this.questions() !== this.asked) this.askServer();
  }

  /** The values on which defaults and formulas hang that only the server can compute. */
  private questions(): string {
    const children = Object.values(this.model.children);
    const names = new Set(this.model.asks);
    for (const name of children.flatMap((child) => child.asks)) {
      if (name.startsWith(".")) names.add(name.slice(1));
    }
    const record = this.record.values();
    const rows = this.grids.map((grid) =>
      grid.rows().map((row) => {
        const values = row.values();
        return row.object.asks.map((name) => values.get(name) ?? null);
      }),
    );
    return JSON.stringify([[...names].map((name) => record.get(name) ?? null), rows]);
  }

  private refresh(withProblems: boolean): void {
    this.limitChoices();
    let filled: Filled = { record: this.record.values(), rows: this.rowValues() };
    let problems = compute(this.model, filled);
    for (let round = 0; round < MOST_ROUNDS && this.behave(filled); round += 1) {
      filled = { record: this.record.values(), rows: this.rowValues() };
      problems = compute(this.model, filled);
    }
    this.record.show(filled.record);
    for (const grid of this.grids) {
      grid.rows().forEach((scope, position) => {
        const values = filled.rows[grid.name]?.[position];
        if (values !== undefined) scope.show(values);
      });
    }
    if (withProblems) this.showProblems(problems);
  }

  /** Choices may decide about each other in a row: a value taken away can take another one away. */
  private limitChoices(): void {
    for (const scope of [this.record, ...this.grids.flatMap((grid) => grid.rows())]) {
      for (let round = 0; round < MOST_FOLLOWED && limitChoices(scope); round += 1) this.dirty = true;
    }
  }

  /** Let fields stand as their rules say; return whether a value has changed by that. */
  private behave(filled: Filled): boolean {
    const rows = this.grids.map((grid) => [grid.name, grid.rows().map((row) => row.met)]);
    const judged = { record: this.record.met, rows: Object.fromEntries(rows) as Record<string, Met[]> };
    const found = standing(this.model, filled, judged);
    let changed = this.record.behave(found.record);
    for (const grid of this.grids) {
      grid.rows().forEach((scope, position) => {
        const behaviours = found.rows[grid.name]?.[position];
        if (behaviours !== undefined) changed = scope.behave(behaviours) || changed;
      });
    }
    return changed;
  }

  private rowValues(): Record<string, ReturnType<Scope["values"]>[]> {
    const rows = this.grids.map((grid) => [grid.name, grid.rows().map((row) => row.values())]);
    return Object.fromEntries(rows) as Record<string, ReturnType<Scope["values"]>[]>;
  }

  private showProblems(problems: readonly Problem[]): void {
    const scopes = [this.record, ...this.grids.flatMap((grid) => grid.rows())];
    for (const place of scopes.flatMap((scope) => scope.places())) {
      if (place.dataset.live === "yes") {
        place.textContent = "";
        delete place.dataset.live;
        delete place.dataset.severity;
      }
    }
    for (const problem of problems) this.showProblem(problem);
  }

  private showProblem(problem: Problem): void {
    const grid = this.grids.find((one) => one.name === problem.child);
    const scope = problem.child === null ? this.record : grid?.rows()[problem.row];
    const place = problem.field === null ? null : (scope?.place(problem.field) ?? null);
    if (place?.textContent !== "") return;
    place.textContent = problem.message[language()] ?? problem.message.en ?? problem.message.zh ?? "";
    place.dataset.live = "yes";
    place.dataset.severity = problem.severity;
  }

  /** Ask the server for what only it can compute, such as a price from a price list. */
  private async preview(): Promise<void> {
    const address = this.form.dataset.preview;
    if (address === undefined) return;
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    const asked = this.grids.map((grid) => ({ grid, rows: grid.rows() }));
    const children = Object.fromEntries(
      asked.map(({ grid, rows }) => [grid.name, rows.map((row) => withId(row))]),
    );
    const body = { id: this.form.dataset.record ?? null, values: this.record.touchedValues(), children };
    this.form.dataset.asking = "yes";
    this.asked = this.questions();
    const answer = await ask<Preview>(address, body, running.signal);
    if (running.signal.aborted) return;
    delete this.form.dataset.asking;
    if (answer === null) return;
    this.record.met = answer.met;
    this.record.propose(answer.values);
    for (const { grid, rows } of asked) {
      rows.forEach((row, position) => {
        row.met = answer.rows_met[grid.name]?.[position] ?? {};
        const values = answer.children[grid.name]?.[position];
        if (values !== undefined) row.propose(values);
      });
    }
    this.refresh(false);
    this.asked = this.questions();
  }
}

/** Let a lookup make a record in a panel; lookups in there choose only. */
const makeRecord: Maker = (address, body) =>
  openQuick(address, body, (form, model) => {
    new FormIsland(form, model, false);
  });

/** A row as the preview needs it: what the user entered, and which stored row it is. */
function withId(row: Scope): Record<string, Json> {
  const id = row.element.dataset.id;
  const entered = row.touchedValues();
  return id === undefined ? entered : { ...entered, id };
}

export function startForms(): void {
  const model = data("form-model") as LiveForm | null;
  if (model === null) return;
  for (const form of all(document, "form[data-island=form]", HTMLFormElement)) {
    new FormIsland(form, model);
    form.dataset.ready = "yes";
    form.setAttribute("aria-label", form.getAttribute("aria-label") ?? word("js.form"));
  }
}
