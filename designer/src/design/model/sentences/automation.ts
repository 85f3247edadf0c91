/** Automations as sentences: what starts them, and what they do. */

import { labelOf, find } from "../documents";
import { pathLabel } from "../flow/describing";
import { isList, isObject, textOf, type JsonObject } from "../json";
import { assignments, calledBy, keyAmong, listed, names, partLabel, spoken, stateLabel, transitionLabel, type Describing } from "./common";
import { formulaText } from "./formulas";

export const ACTIONS = [
  "set",
  "create",
  "for_each",
  "notify",
  "take",
  "begin",
  "post",
  "convert",
  "webhook",
  "refuse",
] as const;

/** Return when an automation starts. */
export function triggerText(about: Describing, trigger: JsonObject): string {
  const { say } = about;
  const event = textOf(trigger.event);
  switch (event) {
    case "update": {
      const fields = names(trigger.changed).map((one) => pathLabel(about, one));
      return fields.length === 0 ? say("when_update") : say("when_changed", { fields: listed(about, fields) });
    }
    case "transition": {
      const taken = names(trigger.transitions).map((one) => transitionLabel(about, one));
      return taken.length === 0 ? say("when_any_transition") : say("when_transition", { names: listed(about, taken) });
    }
    case "approval": {
      const results = names(trigger.results).map((one) => say(`result_${one}`));
      return results.length === 0 ? say("when_approval") : say("when_approval_is", { results: listed(about, results, 4) });
    }
    case "child":
      return say("when_child", { grid: partLabel(about, about.object?.content.children, textOf(trigger.child)) });
    case "schedule":
      return say("when_schedule", { times: timesText(about, textOf(trigger.cron)) });
    case "timer":
      return say("when_timer", { at: formulaText(about, trigger.at) || "…" });
    case "button": {
      const states = names(trigger.states).map((one) => stateLabel(about, one));
      return states.length === 0 ? say("when_button") : say("when_button_in", { states: listed(about, states) });
    }
    case "create":
    case "delete":
      return say(`when_${event}`);
    default:
      return say("when_nothing");
  }
}

/** Return the times of a schedule in words where they are plain ones. */
export function timesText(about: Describing, cron: string): string {
  const [minute = "", hour = "", day = "", month = "", weekday = "", ...more] = cron.trim().split(/\s+/);
  if (more.length > 0 || month !== "*" || !/^\d+$/.test(minute) || !/^\d+$/.test(hour)) return cron || "…";
  const time = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  if (day === "*" && weekday === "*") return about.say("times_daily", { time });
  if (day === "*" && /^[0-7]$/.test(weekday))
    return about.say("times_weekly", { time, day: about.say(`weekday_${Number(weekday) % 7}`) });
  if (weekday === "*" && /^\d+$/.test(day)) return about.say("times_monthly", { time, day });
  return cron;
}

/** Return what an action does. */
export function actionText(about: Describing, action: JsonObject): string {
  const text = plainText(about, action);
  const when = formulaText(about, action.when);
  return when === "" ? text : about.say("act_if", { when, text });
}

function plainText(about: Describing, action: JsonObject): string {
  const { say } = about;
  const key = keyAmong(action, ACTIONS);
  const given = key === null ? {} : (action[key] ?? {});
  const part = isObject(given) ? given : {};
  switch (key) {
    case "set":
      return say("act_set", { what: assignments(about, about.object, action.set) || "…" });
    case "create":
    case "post":
      return createText(about, key, part);
    case "for_each":
      return say("act_for_each", {
        object: calledBy(about, "object", textOf(part.object)),
        rows: formulaText({ ...about, object: rowsObject(about, part) }, part.rows) || "…",
      });
    case "notify": {
      const to = isList(part.to) ? part.to.filter(isObject).map((one) => recipientText(about, one)) : [];
      return say("act_notify", { who: listed(about, to) || "…", text: spoken(about, part.text) || "…" });
    }
    case "take":
    case "begin":
      return say(`act_${key}`, { transition: transitionLabel(about, textOf(part.transition)) });
    case "convert":
      return say("act_convert", {
        lines: partLabel(about, about.object?.content.children, textOf(part.lines)),
        object: calledBy(about, "object", textOf(part.object)),
      });
    case "webhook":
      return say("act_webhook", {
        fields: listed(about, names(part.fields).map((one) => pathLabel(about, one))) || "…",
        endpoint: textOf(part.endpoint) || "…",
      });
    case "refuse":
      return say("act_refuse", { text: spoken(about, part.message) || "…" });
    default:
      return say("act_nothing");
  }
}

function createText(about: Describing, key: "create" | "post", part: JsonObject): string {
  const { say } = about;
  const name = textOf(part.object);
  const object = calledBy(about, "object", name);
  const what = assignments(about, find(about.docs, "object", name), part.set);
  const each = isObject(part.each) ? names(part.each.roles).map((one) => calledBy(about, "role", one)) : [];
  const made = what === "" ? say(`act_${key}`, { object }) : say(`act_${key}_with`, { object, what });
  return each.length === 0 ? made : say("act_for_people", { made, roles: listed(about, each) });
}

function rowsObject(about: Describing, part: JsonObject): Describing["object"] {
  return find(about.docs, "object", textOf(part.object));
}

function recipientText(about: Describing, one: JsonObject): string {
  const field = textOf(one.field);
  if (field !== "") return pathLabel(about, field);
  const role = textOf(one.role);
  const called = labelOf(find(about.docs, "role", role)?.content, about.language) || role;
  const of = textOf(one.of);
  if (role !== "") return of === "" ? called : `${pathLabel(about, of)} · ${called}`;
  return textOf(one.endpoint) || "…";
}
