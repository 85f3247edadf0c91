/** Scenarios as sentences: what is given, what people do, what must come out. */

import { find } from "../documents";
import { fieldAt, pathLabel } from "../flow/describing";
import { at, isList, isObject, textOf, type Json, type JsonObject } from "../json";
import {
  calledBy,
  keyAmong,
  listed,
  names,
  partLabel,
  stateLabel,
  transitionLabel,
  type Describing,
} from "./common";
import { labelled } from "./formulas";

export const ACTS = ["create", "update", "move", "decide", "press"] as const;

export function userText(about: Describing, user: JsonObject): string {
  const { say } = about;
  const roles = names(user.roles).map((one) => calledBy(about, "role", one));
  const parts = [
    roles.length === 0 ? "" : say("given_roles", { roles: listed(about, roles) }),
    textOf(user.organisation) === "" ? "" : say("given_organisation", { name: textOf(user.organisation) }),
    textOf(user.territory) === "" ? "" : say("given_territory", { name: textOf(user.territory) }),
    textOf(user.manager) === "" ? "" : say("given_manager", { name: textOf(user.manager) }),
  ].filter((one) => one !== "");
  const name = textOf(user.name);
  return parts.length === 0 ? say("given_user", { name }) : say("given_user_with", { name, what: parts.join(say("comma")) });
}

export function recordText(about: Describing, record: JsonObject): string {
  const { say } = about;
  const object = textOf(record.object);
  const given = { name: textOf(record.name), object: calledBy(about, "object", object) };
  const key = textOf(record.key);
  if (key !== "") return say("given_key", { ...given, key });
  const what = valuesText(about, object, record.values);
  return what === "" ? say("given_record", given) : say("given_record_with", { ...given, what });
}

/** Return one step; `content` is the scenario, which says of what object a local name is. */
export function actText(about: Describing, content: JsonObject, act: JsonObject): string {
  const { say } = about;
  const key = keyAmong(act, ACTS);
  const given = key === null ? {} : act[key];
  const part = isObject(given) ? given : {};
  const by = textOf(act.by) || "…";
  const name = textOf(part.record) || textOf(part.name) || "…";
  const object = textOf(part.object) || objectNamed(content, name);
  const here = { ...about, object: find(about.docs, "object", object) };
  const text = doneText(here, key, { by, name, object, part });
  const refused = textOf(act.refused);
  return refused === "" ? text : say("act_refused", { text, code: refused });
}

function doneText(
  about: Describing,
  key: string | null,
  done: { readonly by: string; readonly name: string; readonly object: string; readonly part: JsonObject },
): string {
  const { say } = about;
  const { by, name, object, part } = done;
  const what = valuesText(about, object, key === "press" ? part.inputs : part.values);
  switch (key) {
    case "create":
      return say(what === "" ? "does_create" : "does_create_with", {
        by,
        name,
        what,
        object: calledBy(about, "object", object),
      });
    case "update":
      return say("does_update", { by, name, what: what || "…" });
    case "move":
      return say("does_move", { by, name, transition: transitionLabel(about, textOf(part.transition)) });
    case "decide":
      return say("does_decide", { by, name, decision: say(`decision_${textOf(part.action) || "approve"}`) });
    case "press":
      return say("does_press", { by, name, button: calledBy(about, "automation", textOf(part.button)) });
    default:
      return say("does_nothing", { by });
  }
}

/** Return what must be true of a record in the end. */
export function expectedText(about: Describing, content: JsonObject, expected: JsonObject): string {
  const { say } = about;
  const name = textOf(expected.record) || "…";
  const object = objectNamed(content, name);
  const here = { ...about, object: find(about.docs, "object", object) };
  const people = (key: string, list: Json | undefined): string =>
    isList(list) && list.length > 0 ? say(key, { names: listed(about, names(list), 6) }) : "";
  const parts = [
    textOf(expected.state) === "" ? "" : say("then_state", { state: stateLabel(here, textOf(expected.state)) }),
    valuesText(here, object, expected.values),
    isList(expected.tasks) && expected.tasks.length === 0 ? say("then_no_tasks") : people("then_tasks", expected.tasks),
    people("then_seen", expected.seen_by),
    people("then_hidden", expected.hidden_from),
  ].filter((one) => one !== "");
  return say("then_record", { name, what: parts.join(say("semicolon")) || "…" });
}

/** Return of which object the record is that a scenario calls so; empty where it has none. */
export function objectNamed(content: JsonObject, name: string): string {
  const given = at(content, ["given", "records"]);
  const made = isList(content.when) ? content.when.map((one) => at(one, ["create"])) : [];
  const all = [...(isList(given) ? given : []), ...made].filter(isObject);
  return textOf(all.find((one) => one.name === name)?.object);
}

function valuesText(about: Describing, object: string, values: Json | undefined): string {
  const here = { ...about, object: find(about.docs, "object", object) };
  const given = isObject(values) ? Object.entries(values) : [];
  return listed(
    about,
    given.map(([name, value]) => {
      const grid = isList(value) ? partLabel(about, here.object?.content.children, name) : "";
      const field = grid !== "" && grid !== name ? grid : pathLabel(here, name);
      return about.say("sentence_is", { field, value: valueText(about, fieldAt(here, name), value) });
    }),
  );
}

function valueText(about: Describing, field: JsonObject | undefined, value: Json): string {
  if (isObject(value)) return textOf(value.named) === "" ? JSON.stringify(value) : `“${textOf(value.named)}”`;
  if (isList(value))
    return value.every(isObject) && value.some((one) => textOf(one.named) === "")
      ? about.say("sentence_rows", { count: value.length })
      : listed(about, value.map((one) => valueText(about, field, one)));
  if (value === null) return about.say("formula_empty");
  if (typeof value === "boolean") return about.say(value ? "try_truth_yes" : "try_truth_no");
  return labelled(about, field, String(value));
}
