/** Rules of an object as sentences. */

import { fieldAt, pathLabel } from "../flow/describing";
import { textOf, type JsonObject } from "../json";
import { listed, names, spoken, type Describing } from "./common";
import { formulaText, labelled } from "./formulas";

/** Return what a rule demands, and what it tells where that does not hold. */
export function ruleText(about: Describing, rule: JsonObject): string {
  const { say } = about;
  const must = formulaText(about, rule.unless) || "…";
  const when = formulaText(about, rule.when);
  const text = when === "" ? say("rule_must", { must }) : say("rule_must_when", { must, when });
  const message = spoken(about, rule.message);
  if (message === "") return text;
  return say(rule.severity === "warning" ? "rule_warns" : "rule_refuses", { text, message });
}

/** Return how fields behave under a condition. */
export function fieldRuleText(about: Describing, rule: JsonObject): string {
  const { say } = about;
  const fields = listed(about, names(rule.about).map((one) => pathLabel(about, one))) || "…";
  const when = formulaText(about, rule.when) || "…";
  const effect = textOf(rule.effect) || "show";
  const field = fieldAt(about, names(rule.about)[0] ?? "");
  const allowed = names(rule.allowed).map((one) => labelled(about, field, one));
  return say(`field_rule_${effect}`, { fields, when, allowed: listed(about, allowed) });
}

/** Return the query that counts the records which break a rule. */
export function broken(object: string, rule: JsonObject): string {
  const unless = textOf(rule.unless);
  const when = textOf(rule.when);
  const against = `NOT (${unless})`;
  return `COUNT(${object} WHERE ${when === "" ? against : `(${when}) AND ${against}`})`;
}
