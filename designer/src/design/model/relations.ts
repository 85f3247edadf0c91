/** Which objects of a draft refer to which. */

import { find, kindOf, labelOf, nameOf, ofKind, type Doc, type Docs } from "./documents";
import { at, isList, isObject, textOf, type Path } from "./json";

export interface Relation {
  readonly from: string;
  readonly to: string;
  readonly field: string;
  readonly label: string;
  /** Whether the one it points to owns the one it comes from. */
  readonly owned: boolean;
}

/** Return the object that a document is about, itself included; undefined where it is about none. */
export function objectOf(docs: Docs, doc: Doc): Doc | undefined {
  const kind = textOf(doc.content.kind);
  if (kind === "object") return doc;
  if (kind === "approval") {
    const workflow = find(docs, "workflow", textOf(doc.content.workflow));
    return workflow === undefined ? undefined : objectOf(docs, workflow);
  }
  if (kind === "extends" && doc.content.of === "object")
    return find(docs, "object", nameOf(doc));
  const name = textOf(doc.content.object);
  return name === "" ? undefined : find(docs, "object", name);
}

/**
 * Return the object whose fields are named by the keys at `path`: of a part that makes or goes through records of
 * another object it is that one, of lines that are converted the one of the lines, else that of the document.
 */
export function filledAt(docs: Docs, doc: Doc, path: Path): Doc | undefined {
  for (let depth = path.length - 1; depth > 0; depth--) {
    const part = at(doc.content, path.slice(0, depth));
    const object = isObject(part) ? find(docs, "object", textOf(part.object)) : undefined;
    if (!isObject(part) || object === undefined) continue;
    if (path[depth] !== "each") return object;
    const children = isList(object.content.children) ? object.content.children.filter(isObject) : [];
    return find(docs, "object", textOf(children.find((one) => one.name === part.into)?.object));
  }
  return objectOf(docs, doc);
}

/** Return the references between objects, by the names of the objects; extensions count to what they extend. */
export function relationsOf(docs: Docs, language: "zh" | "en"): readonly Relation[] {
  const holders = [...docs.values()].filter(
    (doc) => kindOf(doc) === "object" || (kindOf(doc) === "extends" && doc.content.of === "object"),
  );
  return holders.flatMap((doc) => {
    const fields = isList(doc.content.fields) ? doc.content.fields.filter(isObject) : [];
    return fields.flatMap((field) => {
      const to = field.targets ?? field.to;
      const targets = isList(to) ? to.map(textOf) : [textOf(to)];
      return targets
        .filter((to) => to !== "")
        .map((to) => ({
          from: nameOf(doc),
          to,
          field: textOf(field.name),
          label: labelOf(field, language),
          owned: field.type === "master_detail",
        }));
    });
  });
}

/** Return the objects that a diagram of a module shows: its own, and those that they touch. */
export function aroundModule(docs: Docs, module: string): { own: Doc[]; others: Doc[] } {
  const objects = ofKind(docs, "object");
  const own = objects.filter((doc) => doc.module === module);
  const names = new Set(own.map(nameOf));
  const touched = new Set(
    relationsOf(docs, "en").flatMap((one) =>
      names.has(one.from) || names.has(one.to) ? [one.from, one.to] : [],
    ),
  );
  return { own, others: objects.filter((doc) => !names.has(nameOf(doc)) && touched.has(nameOf(doc))) };
}
