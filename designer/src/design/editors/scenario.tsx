/** A scenario as it is read: given, when, then; recorded from a record, and run to see whether it holds. */

import { useState, type JSX } from "react";
import type { RecordingAnswer } from "../api_types";
import { replaceContent } from "../model/commands/replace_content";
import { freeName, labelOf, nameOf, ofKind, type Doc, type Docs } from "../model/documents";
import { at, isList, isObject, same, textOf, type Json, type JsonObject, type Path } from "../model/json";
import { helpOf, newItem, properties, schemaAt, titleOf } from "../model/schema";
import type { Describing } from "../model/sentences/common";
import { ACTS, actText, expectedText, recordText, userText } from "../model/sentences/scenario";
import { schemaOf, useRun, useView, useWorkbench } from "../ui/desk";
import { Icon } from "../ui/icon";
import { page, w } from "../ui/words";
import { RecordPicker } from "./flow/record_picker";
import type { Found } from "./flow/trying";
import { useAdding } from "./parts/adding";
import { Adder, Cards } from "./parts/cards";
import { OneOption } from "./parts/one_option";
import { recordScenario, runScenario, type Ran } from "./scenario/running";

export function ScenarioEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const [ran, setRan] = useState<{ readonly result: Ran; readonly docs: Docs } | null>(null);
  const about: Describing = { docs: view.docs, object: undefined, language, say: w };
  const { content } = doc;
  const look = (path: Path): string => {
    const result = ran?.result;
    if (result === undefined) return "";
    if (result.path === null) return "green";
    return same([...result.path.slice(0, path.length)], [...path]) ? "red" : isBefore(path, result.path) ? "green" : "";
  };
  const within = (_: JsonObject, path: Path): JSX.Element | null =>
    look(path) === "red" ? (
      <p className="error scenario-difference" role="note">
        {ran?.result.difference}
      </p>
    ) : null;
  return (
    <div className="sentences">
      <div className="flow-bar">
        <Running doc={doc} onRan={(result) => setRan({ result, docs: view.docs })} />
      </div>
      <div role="status">
        {ran === null ? null : <Outcome ran={ran.result} old={ran.docs !== view.docs} />}
      </div>
      <Recording doc={doc} />
      <section aria-label={w("scenario_given")}>
        <h3>{w("scenario_given")}</h3>
        <OneOption doc={doc} name="at" />
        <Cards
          doc={doc}
          list={["given", "users"]}
          label={w("scenario_people")}
          empty={w("scenario_no_people")}
          sentence={(one) => userText(about, one)}
          {...{ look, within }}
        />
        <Cards
          doc={doc}
          list={["given", "records"]}
          label={w("scenario_records")}
          empty={w("scenario_no_records")}
          sentence={(one) => recordText(about, one)}
          {...{ look, within }}
        />
        <AddGiven doc={doc} />
      </section>
      <section aria-label={w("scenario_when")}>
        <h3>{w("scenario_when")}</h3>
        <Cards
          doc={doc}
          list={["when"]}
          label={w("scenario_when")}
          empty={w("scenario_no_steps")}
          sentence={(one) => actText(about, content, one)}
          {...{ look, within }}
        />
        <AddAct doc={doc} />
      </section>
      <section aria-label={w("scenario_then")}>
        <h3>{w("scenario_then")}</h3>
        <Cards
          doc={doc}
          list={["then"]}
          label={w("scenario_then")}
          empty={w("scenario_no_expected")}
          sentence={(one) => expectedText(about, content, one)}
          {...{ look, within }}
        />
        <AddExpected doc={doc} />
      </section>
    </div>
  );
}

const ORDER = ["given", "when", "then"];

/** Say whether a place was passed before the first difference was found. */
function isBefore(path: Path, difference: Path): boolean {
  const [here, there] = [path, difference].map((one) => ORDER.indexOf(String(one[0])));
  if (here === undefined || there === undefined || here !== there) return (here ?? 0) < (there ?? 0);
  return Number(path.at(-1)) < Number(difference[path.length - 1]);
}

function Outcome({ ran, old }: { readonly ran: Ran; readonly old: boolean }): JSX.Element {
  return (
    <p className={`message ${ran.green ? "good" : "bad"}`} data-result={ran.green ? "green" : "red"}>
      <Icon name={ran.green ? "check" : "alert"} />
      <span>
        {ran.green ? w("scenario_green", { milliseconds: ran.milliseconds }) : w("scenario_red", { difference: ran.difference })}{" "}
        {old ? <span className="quiet">{w("scenario_old")}</span> : null}
      </span>
    </p>
  );
}

function Running(props: { readonly doc: Doc; readonly onRan: (ran: Ran) => void }): JSX.Element {
  const { save } = useWorkbench();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const ask = (): void => {
    setBusy(true);
    setError("");
    save()
      .then(() => runScenario(nameOf(props.doc)))
      .then(props.onRan)
      .catch((reason: unknown) => setError(reason instanceof Error ? reason.message : String(reason)))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <button type="button" className="button main" disabled={busy} onClick={ask}>
        {w(busy ? "scenario_running" : "scenario_run")}
      </button>
      {error === "" ? null : (
        <p className="message bad" role="alert">
          {error}
        </p>
      )}
    </>
  );
}

/** Makes the steps of what was done with a record. */
function Recording({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const [open, setOpen] = useState(false);
  const [object, setObject] = useState("");
  const [record, setRecord] = useState<Found | null>(null);
  const [told, setTold] = useState<RecordingAnswer | null>(null);
  const [error, setError] = useState("");
  const live = ofKind(view.docs, "object").filter(
    (one) => one.content.history === true && page().live.includes(nameOf(one)),
  );
  const chosen = live.find((one) => nameOf(one) === object);
  const take = (): void => {
    if (record === null) return;
    setError("");
    setTold(null);
    recordScenario(object, record.id, nameOf(doc))
      .then((found) => {
        setTold(found);
        const { id, label, help } = doc.content;
        const kept = { id, label, help };
        const own = Object.fromEntries(Object.entries(kept).filter(([, one]) => one !== undefined));
        run(replaceContent(doc.id, { ...found.content, ...(own as JsonObject) }));
      })
      .catch((reason: unknown) => setError(reason instanceof Error ? reason.message : String(reason)));
  };
  return (
    <details className="recording" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{w("scenario_record")}</summary>
      <p className="quiet">{w("scenario_record_text")}</p>
      <form
        className="way-form"
        aria-label={w("scenario_record")}
        onSubmit={(event) => {
          event.preventDefault();
          take();
        }}
      >
        <label>
          {w("kind_object")}
          <select
            className="input"
            value={object}
            onChange={(event) => {
              setObject(event.target.value);
              setRecord(null);
            }}
          >
            <option value="">{w("nothing")}</option>
            {live.map((one) => (
              <option key={one.id} value={nameOf(one)}>
                {labelOf(one.content, language)}
              </option>
            ))}
          </select>
        </label>
        {chosen === undefined ? null : (
          <RecordPicker
            object={object}
            title={textOf(chosen.content.title) || "id"}
            label={w("try_record")}
            chosen={record}
            onChoose={setRecord}
          />
        )}
        <button className="button" disabled={record === null}>
          {w("scenario_take")}
        </button>
      </form>
      {error === "" ? null : (
        <p className="message warn" role="alert">
          <Icon name="alert" />
          <span>{error}</span>
        </p>
      )}
      {told === null ? null : (
        <div role="status">
          <p>{w("scenario_taken")}</p>
          {told.left_out.length === 0 ? null : (
            <>
              <p>{w("scenario_left_out")}</p>
              <ul>
                {told.left_out.map((one) => (
                  <li key={one}>{one}</li>
                ))}
              </ul>
            </>
          )}
        </div>
      )}
    </details>
  );
}

/** Return the local names of a scenario: of people, of records. */
function localNames(content: JsonObject, path: Path): string[] {
  const found = at(content, path);
  return isList(found) ? found.filter(isObject).map((one) => textOf(one.name)) : [];
}

function recordNames(content: JsonObject): string[] {
  const made = isList(content.when) ? content.when.map((one) => textOf(at(one, ["create", "name"]))) : [];
  return [...localNames(content, ["given", "records"]), ...made].filter((one) => one !== "");
}

function AddGiven({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const add = useAdding(doc);
  const object = ofKind(view.docs, "object").find((one) => one.module === doc.module) ?? ofKind(view.docs, "object")[0];
  return (
    <Adder
      label={w("scenario_add_given")}
      sorts={["users", "records"].map((key) => ({ key, title: w(`scenario_add_${key}`), help: "" }))}
      onAdd={(key) => {
        const users = localNames(doc.content, ["given", "users"]);
        if (key === "users") add(["given", "users"], { name: freeName("person", users), roles: [] });
        else
          add(["given", "records"], {
            name: freeName("record", recordNames(doc.content)),
            object: object === undefined ? "" : nameOf(object),
            values: {},
          });
      }}
    />
  );
}

function AddAct({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { vocabulary } = useWorkbench();
  const add = useAdding(doc);
  const schema = schemaAt(schemaOf(vocabulary, doc), doc.content, ["when", 0]);
  const known = schema === undefined ? [] : properties(schema, undefined);
  const sorts = ACTS.flatMap((key) => known.filter((one) => one.key === key));
  const by = localNames(doc.content, ["given", "users"])[0] ?? "";
  const record = recordNames(doc.content)[0] ?? "";
  const object = ofKind(view.docs, "object").find((one) => one.module === doc.module);
  const started = (key: string): Json => {
    const made = newItem(sorts.find((one) => one.key === key)?.schema ?? {}, () => "");
    const part = isObject(made) ? made : {};
    if (key === "create")
      return {
        name: freeName("new_record", recordNames(doc.content)),
        object: object === undefined ? "" : nameOf(object),
        values: {},
      };
    return { ...part, record, ...(key === "decide" ? { action: "approve" } : {}) };
  };
  return (
    <Adder
      label={w("scenario_add_step")}
      sorts={sorts.map((one) => ({ key: one.key, title: titleOf(one.schema, one.key), help: helpOf(one.schema) }))}
      onAdd={(key) => add(["when"], { by, [key]: started(key) })}
    />
  );
}

function AddExpected({ doc }: { readonly doc: Doc }): JSX.Element {
  const add = useAdding(doc);
  const record = recordNames(doc.content).at(-1) ?? "";
  return (
    <Adder
      label={w("scenario_add_expected")}
      sorts={[{ key: "record", title: w("scenario_add_expected_record"), help: "" }]}
      onAdd={() => add(["then"], { record })}
    />
  );
}
