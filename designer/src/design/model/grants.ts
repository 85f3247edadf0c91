/** What permission documents let a role do, as a matrix reads it. */

import type { Command } from "./command";
import { addDocument } from "./commands/add_document";
import { insertItem } from "./commands/insert_item";
import { setValue } from "./commands/set_value";
import { find, freeName, nameOf, newId, ofKind, type Doc, type Docs } from "./documents";
import { isList, isObject, textOf, type Json, type JsonObject } from "./json";

/** A grant with its place in its document. */
export interface Grant {
  readonly doc: Doc;
  readonly position: number;
  readonly content: JsonObject;
}

export function grantsOf(doc: Doc): readonly Grant[] {
  const grants = doc.content.grants;
  return (isList(grants) ? grants : []).flatMap((content, position) =>
    isObject(content) ? [{ doc, position, content }] : [],
  );
}

/** Return the grants of a role on an object, of all documents that speak of it. */
export function grantsFor(docs: Docs, object: string, role: string): readonly Grant[] {
  return ofKind(docs, "permission")
    .filter((doc) => doc.content.object === object)
    .flatMap(grantsOf)
    .filter((one) => one.content.role === role);
}

export function actionsOf(grant: Grant): readonly string[] {
  const actions = grant.content.actions;
  return isList(actions) ? actions.map(textOf) : [];
}

/** A grant without conditions or limits to fields: what a press on the matrix changes. */
export function isPlain(grant: Grant): boolean {
  return grant.content.when === undefined && grant.content.fields === undefined;
}

/** Return the rows that a new grant is for: people of other companies see no more than those of their own. */
export function usualScope(role: Doc | undefined): string {
  return role?.content.audience === "partner" ? "organisation" : "all";
}

/** Return the commands that let a role do something with its usual rows of an object, or no more. */
export function granting(
  docs: Docs,
  object: Doc,
  role: string,
  action: string,
  allowed: boolean,
): readonly Command[] {
  const held = grantsFor(docs, nameOf(object), role);
  if (!allowed)
    return held
      .filter((one) => actionsOf(one).includes(action))
      .map((one) => withActions(one, actionsOf(one).filter((other) => other !== action)));
  const plain = held.find(isPlain);
  if (plain !== undefined) return [withActions(plain, [...actionsOf(plain), action])];
  const grant: Json = { role, actions: [action], scope: usualScope(find(docs, "role", role)) };
  const home = ofKind(docs, "permission").find((doc) => doc.content.object === nameOf(object));
  if (home !== undefined) return [insertItem(home.id, ["grants"], grantsOf(home).length, grant)];
  const names = ofKind(docs, "permission").map(nameOf);
  const name = freeName(nameOf(object), names);
  const content = { kind: "permission", id: newId(), name, object: nameOf(object), grants: [grant] };
  return [addDocument({ id: content.id, module: object.module, content })];
}

/** Return the command that lets a grant cover `actions`; one that covers nothing keeps its place. */
export function withActions(grant: Grant, actions: readonly string[]): Command {
  const path = ["grants", grant.position, "actions"];
  return setValue(grant.doc.id, path, actions.length > 0 ? actions : undefined);
}
