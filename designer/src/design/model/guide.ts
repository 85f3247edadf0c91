/** The steps of a first module, and which of them are done: told from the documents of the draft alone. */

import { kindOf, nameOf, ofKind, type Doc, type Docs } from "./documents";
import { isList, isObject, textOf } from "./json";

export const STEPS = ["object", "fields", "form", "rights", "approval", "check", "publish"] as const;

export type Step = (typeof STEPS)[number];

/** What the steps are judged by. */
export interface Seen {
  readonly docs: Docs;
  /** The names of the objects that are live: they are not what is drawn here. */
  readonly live: readonly string[];
  /** The viewer's roles that may design: an object that is drawn is theirs from the start. */
  readonly roles: readonly string[];
  /** How many errors the server found. */
  readonly errors: number;
}

const FIELDS_ENOUGH = 3;

/** Return the object that is being drawn: the new one with the most fields. */
export function drawn(seen: Seen): Doc | undefined {
  const live = new Set(seen.live);
  const found = ofKind(seen.docs, "object").filter((one) => !live.has(nameOf(one)));
  return found.sort((one, other) => fieldsOf(other) - fieldsOf(one))[0];
}

/** Return the definition that gives rights on an object. */
export function rightsOn(docs: Docs, object: Doc): Doc | undefined {
  return ofKind(docs, "permission").find((one) => one.content.object === nameOf(object));
}

export function doneOf(seen: Seen): ReadonlySet<Step> {
  const object = drawn(seen);
  if (object === undefined) return new Set();
  const about = (kind: string): readonly Doc[] =>
    ofKind(seen.docs, kind).filter((one) => one.content.object === nameOf(object));
  const flows = new Set(about("workflow").map(nameOf));
  const checks: Readonly<Record<Step, boolean>> = {
    object: true,
    fields: fieldsOf(object) >= FIELDS_ENOUGH,
    form: about("form").length > 0,
    rights: about("permission").some((one) => namesOther(one, seen.roles)),
    approval: ofKind(seen.docs, "approval").some((one) => flows.has(textOf(one.content.workflow))),
    check: false,
    // Who publishes leaves the designer; so the last step is done when it is gone.
    publish: false,
  };
  const done = new Set(STEPS.filter((one) => checks[one]));
  if (seen.errors === 0 && done.has("fields") && done.has("form")) done.add("check");
  return done;
}

/** Return the first step that is not done. */
export function nextOf(done: ReadonlySet<Step>): Step {
  return STEPS.find((one) => !done.has(one)) ?? "publish";
}

/** Return the document at which a step is done; undefined where there is none yet. */
export function placeOf(step: Step, seen: Seen): Doc | undefined {
  const object = drawn(seen);
  if (object === undefined || step === "object") return undefined;
  if (step === "rights") return rightsOn(seen.docs, object);
  return step === "fields" ? object : undefined;
}

function fieldsOf(doc: Doc): number {
  return isList(doc.content.fields) ? doc.content.fields.length : 0;
}

function namesOther(permission: Doc, roles: readonly string[]): boolean {
  const grants = isList(permission.content.grants) ? permission.content.grants.filter(isObject) : [];
  return kindOf(permission) === "permission" && grants.some((one) => !roles.includes(textOf(one.role)));
}
