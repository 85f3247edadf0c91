/** An automation as it is read: when, if, then; what each part is set to stands beside it. */

import type { JSX } from "react";
import { find, labelOf, nameOf, ofKind, type Doc } from "../model/documents";
import { isList, isObject, textOf, type Json, type JsonObject, type Path } from "../model/json";
import { objectOf } from "../model/relations";
import { helpOf, newItem, properties, schemaAt, titleOf, type Property } from "../model/schema";
import { ACTIONS, actionText, triggerText } from "../model/sentences/automation";
import { workflowOf, type Describing } from "../model/sentences/common";
import { newId } from "../model/documents";
import { schemaOf, useView, useWorkbench } from "../ui/desk";
import { w } from "../ui/words";
import { useAdding } from "./parts/adding";
import { Adder, Cards } from "./parts/cards";
import { OneOption } from "./parts/one_option";

const EVENTS = ["create", "update", "delete", "transition", "approval", "child", "schedule", "timer", "button"];

export function AutomationEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { language, vocabulary } = useWorkbench();
  const insert = useAdding(doc);
  const about: Describing = { docs: view.docs, object: objectOf(view.docs, doc), language, say: w };
  const event = schemaAt(schemaOf(vocabulary, doc), doc.content, ["on", 0])?.properties;
  const labels = isObject(event) && isObject(event.event) ? event.event["x-labels"] : {};
  return (
    <div className="sentences">
      <section aria-label={w("automation_when")}>
        <h3>{w("automation_when")}</h3>
        <Cards
          doc={doc}
          list={["on"]}
          label={w("automation_when")}
          empty={w("automation_no_trigger")}
          sentence={(one) => triggerText(about, one)}
        />
        <Adder
          label={w("automation_add_trigger")}
          sorts={EVENTS.map((key) => ({
            key,
            title: (isObject(labels) ? textOf(labels[key]) : "") || key,
            help: "",
          }))}
          onAdd={(key) => insert(["on"], triggerOf(about, key))}
        />
      </section>
      <section aria-label={w("automation_if")}>
        <h3>{w("automation_if")}</h3>
        <OneOption doc={doc} name="when" />
      </section>
      <section aria-label={w("automation_then")}>
        <h3>{w("automation_then")}</h3>
        <Actions doc={doc} list={["actions"]} about={about} />
      </section>
    </div>
  );
}

/** Actions in their order; those for each of some rows stand within. */
function Actions(props: { readonly doc: Doc; readonly list: Path; readonly about: Describing }): JSX.Element {
  const { doc, list, about } = props;
  const { vocabulary } = useWorkbench();
  const insert = useAdding(doc);
  const schema = schemaAt(schemaOf(vocabulary, doc), doc.content, [...list, 0]);
  const known = schema === undefined ? [] : properties(schema, undefined);
  const sorts = ACTIONS.flatMap((key) => known.filter((one) => one.key === key));
  const add = (key: string): void => {
    const sort = sorts.find((one) => one.key === key);
    if (sort === undefined) return;
    insert(list, { [key]: actionOf(about, sort) });
  };
  return (
    <>
      <Cards
        doc={doc}
        list={list}
        label={w("automation_then")}
        empty={w("automation_no_action")}
        sentence={(one) => actionText(about, one)}
        within={(one, path) => {
          const each = one.for_each;
          if (!isObject(each)) return null;
          const object = find(about.docs, "object", textOf(each.object));
          return <Actions doc={doc} list={[...path, "for_each", "actions"]} about={{ ...about, object }} />;
        }}
      />
      <Adder
        label={w("automation_add_action")}
        sorts={sorts.map((one) => ({
          key: one.key,
          title: titleOf(one.schema, one.key),
          help: helpOf(one.schema),
        }))}
        onAdd={add}
      />
    </>
  );
}

/** Return a trigger as it begins: with what its event cannot be without. */
function triggerOf(about: Describing, event: string): JsonObject {
  if (event === "schedule") return { event, cron: "0 8 * * *" };
  if (event === "timer") return { event, at: firstField(about, ["date", "datetime"]) };
  if (event === "child") return { event, child: nameOfFirst(about.object?.content.children) };
  return { event };
}

/** Return an action as it begins, with the first that its names can be. */
function actionOf(about: Describing, sort: Property): Json {
  const made = newItem(sort.schema, newId);
  const part = isObject(made) ? made : {};
  const object = about.object === undefined ? "" : nameOf(about.object);
  switch (sort.key) {
    case "create":
    case "post":
      return { object };
    case "for_each":
      return { object, rows: `LIST(${object}.id WHERE id = this.id)`, actions: [] };
    case "take":
    case "begin":
      return { ...part, transition: nameOfFirst(workflowOf(about)?.content.transitions) };
    case "notify": {
      const role = ofKind(about.docs, "role")[0];
      return {
        to: [{ role: role === undefined ? "" : nameOf(role) }],
        text: { [about.language]: labelOf(about.object?.content, about.language) },
      };
    }
    default:
      return part;
  }
}

function firstField(about: Describing, types: readonly string[]): string {
  const fields = about.object?.content.fields;
  const known = isList(fields) ? fields.filter(isObject) : [];
  return textOf(known.find((one) => types.includes(textOf(one.type)))?.name) || "created_at";
}

function nameOfFirst(list: Json | undefined): string {
  return isList(list) ? textOf(list.find(isObject)?.name) : "";
}
