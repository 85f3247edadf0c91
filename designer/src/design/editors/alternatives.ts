/** Parts that are one of several things: the options of the others stay away. */

import { kindOf, type Doc } from "../model/documents";
import { textOf, type JsonObject, type Path } from "../model/json";
import { ACTIONS } from "../model/sentences/automation";
import { ACTS } from "../model/sentences/scenario";

/** The keys that belong to an event alone. */
const OF_EVENTS: Readonly<Record<string, readonly string[]>> = {
  update: ["changed"],
  transition: ["transitions"],
  approval: ["results"],
  child: ["child"],
  schedule: ["cron", "catch_up"],
  timer: ["at"],
  button: ["roles", "states", "inputs", "confirm", "told", "several"],
};

/** Return which keys of the part at `path` belong to something else than what it is; those that are set stay. */
export function idleKeys(doc: Doc, path: Path, part: JsonObject): ReadonlySet<string> {
  const list = path.at(-2);
  if (typeof path.at(-1) !== "number") return new Set();
  const kind = kindOf(doc);
  if (kind === "automation" && list === "actions") return unset(ACTIONS, part);
  if (kind === "scenario" && list === "when") return unset(ACTS, part);
  if (kind === "module" && list === "menu") return ofEntry(part);
  if (kind === "dashboard" && list === "tiles" && part.kind !== "number")
    return new Set(part.measure === undefined ? ["measure"] : []);
  if (kind !== "automation" || list !== "on") return new Set();
  const own = OF_EVENTS[textOf(part.event)] ?? [];
  const others = Object.values(OF_EVENTS).flat();
  return new Set(others.filter((key) => !own.includes(key) && part[key] === undefined));
}

/** An entry of a menu opens one thing; only the lists of an object are tabs. */
function ofEntry(entry: JsonObject): ReadonlySet<string> {
  const idle = unset(["object", "report", "dashboard"], entry);
  return idle.has("object") && entry.views === undefined ? new Set([...idle, "views"]) : idle;
}

/** Exactly one of some keys is given: once one is, the others have nothing to say. */
function unset(keys: readonly string[], part: JsonObject): ReadonlySet<string> {
  return new Set(keys.some((key) => part[key] !== undefined) ? keys.filter((key) => part[key] === undefined) : []);
}
