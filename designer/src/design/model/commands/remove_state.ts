/** Take a state out of a workflow, with every way that leads there or leaves it. */

import { rewritten, type Command } from "../command";
import { objects, OUTCOMES, target } from "../flow/graph";
import { isList, isObject, textOf, type JsonObject } from "../json";

export function removeState(id: string, name: string): Command {
  return {
    name: "design.did_remove_state",
    execute: (docs) =>
      rewritten(docs, id, (content) => ({
        ...content,
        states: objects(content.states).filter((one) => textOf(one.name) !== name),
        transitions: objects(content.transitions).flatMap((one) => without(one, name)),
      })),
  };
}

/** Return a transition without a state; none where nothing is left of it. */
function without(transition: JsonObject, name: string): JsonObject[] {
  const from = isList(transition.from) ? transition.from.filter((one) => one !== name) : [];
  if (textOf(transition.to) === name || from.length === 0) return [];
  const { without_approval: alone, on, ...kept } = transition;
  const outcomes = isObject(on) ? on : {};
  const left = OUTCOMES.filter(
    (one) => outcomes[one] !== undefined && target(outcomes[one]) !== name,
  );
  return [
    {
      ...kept,
      from,
      ...(alone === undefined || target(alone) === name ? {} : { without_approval: alone }),
      ...(left.length === 0
        ? {}
        : { on: Object.fromEntries(left.map((one) => [one, outcomes[one] ?? ""])) }),
    },
  ];
}
