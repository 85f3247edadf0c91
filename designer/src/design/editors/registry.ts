/** The editors by kind of document: a new one is a file and a line here. */

import type { JSX } from "react";
import type { Command } from "../model/command";
import { addDocument } from "../model/commands/add_document";
import { insertItem } from "../model/commands/insert_item";
import type { Doc, Docs } from "../model/documents";
import { find, ofKind } from "../model/documents";
import { isList, isObject, textOf, type Json, type JsonObject } from "../model/json";
import { newId } from "../model/documents";
import { ApprovalEditor } from "./approval";
import { AutomationEditor } from "./automation";
import { ChoiceSetEditor } from "./choice_set";
import { DashboardEditor } from "./dashboard";
import { ExtendsEditor } from "./extends";
import { FormEditor } from "./form";
import { ModuleEditor } from "./module";
import { ObjectEditor } from "./object";
import { PermissionEditor } from "./permission";
import { PlainEditor } from "./plain";
import { ReportEditor } from "./report";
import { RoleEditor } from "./role";
import { ScenarioEditor } from "./scenario";
import { WorkflowEditor } from "./workflow";
import { ViewEditor } from "./view";

type Editor = (props: { readonly doc: Doc }) => JSX.Element;

/** Kinds in the order in which a module is drawn. */
export const KINDS: readonly string[] = [
  "module",
  "object",
  "choice_set",
  "form",
  "view",
  "workflow",
  "approval",
  "automation",
  "report",
  "dashboard",
  "role",
  "permission",
  "scenario",
  "extends",
];

const EDITORS: Readonly<Record<string, Editor>> = {
  approval: ApprovalEditor,
  automation: AutomationEditor,
  choice_set: ChoiceSetEditor,
  dashboard: DashboardEditor,
  extends: ExtendsEditor,
  form: FormEditor,
  module: ModuleEditor,
  object: ObjectEditor,
  permission: PermissionEditor,
  report: ReportEditor,
  role: RoleEditor,
  scenario: ScenarioEditor,
  workflow: WorkflowEditor,
  view: ViewEditor,
};

/** Keys that the editor of a kind draws, so that the options beside it need not. */
const DRAWN: Readonly<Record<string, readonly string[]>> = {
  approval: ["steps"],
  automation: ["on", "when", "actions"],
  choice_set: ["choices"],
  dashboard: ["tiles"],
  extends: ["of", "name", "fields", "choices"],
  form: ["sections"],
  module: ["menu", "constants", "expressions"],
  object: ["fields", "rules", "field_rules"],
  permission: ["grants"],
  report: ["group_rows", "group_columns", "measures", "chart", "where"],
  role: [],
  scenario: ["at", "given", "when", "then"],
  workflow: ["states", "transitions"],
  view: ["columns", "sort", "where"],
};

/** Return the keys that a kind's editor draws; null where that is all of them. */
export function drawnBy(kind: string): ReadonlySet<string> | null {
  const keys = DRAWN[kind];
  return keys === undefined ? null : new Set(keys);
}

/** Return the editor of a kind; its options alone where nothing is drawn for it. */
export function editorOf(kind: string): Editor {
  return EDITORS[kind] ?? PlainEditor;
}

/** What is known when a definition is made. */
interface Asked {
  readonly name: string;
  readonly label: string;
  readonly language: "zh" | "en";
  /** Name of the object or workflow that it is about. */
  readonly of: string;
  readonly docs: Docs;
  readonly module: string;
  /** The roles of who makes it that may design. */
  readonly roles: readonly string[];
}

/** How a definition of a kind begins, so that it can be published as it is. */
interface Start {
  /** Kind of what it is about. */
  readonly of?: "object" | "workflow";
  content(asked: Asked): JsonObject;
  /** What has to be there or is wanted beside it. */
  also?(asked: Asked): readonly Command[];
}

const labelled = (asked: Asked): JsonObject => ({
  label: { [asked.language]: asked.label || asked.name },
});

/** Put a new object into the menu of its module. */
function opened(asked: Asked): readonly Command[] {
  const module = find(asked.docs, "module", asked.module);
  if (module === undefined) return [];
  const { menu } = module.content;
  const entry = { ...labelled(asked), object: asked.name };
  return [insertItem(module.id, ["menu"], Array.isArray(menu) ? menu.length : 0, entry)];
}

/** Make a new list a tab of its object where the menu names the tabs: nobody would find it otherwise. */
function tabbed(asked: Asked): readonly Command[] {
  const module = find(asked.docs, "module", asked.module);
  const menu = module?.content.menu;
  if (module === undefined || !Array.isArray(menu)) return [];
  return menu.flatMap((entry: Json, position) => {
    const views = isObject(entry) && entry.object === asked.of ? entry.views : undefined;
    return isList(views) && views.length > 0
      ? [insertItem(module.id, ["menu", position, "views"], views.length, asked.name)]
      : [];
  });
}

/** Let who makes an object work with its records; everybody else is given rights later. */
function permitted(asked: Asked): readonly Command[] {
  const actions = ["create", "read", "update", "delete"];
  const grants = asked.roles.map((role) => ({ role, actions, scope: "all" }));
  const content = { kind: "permission", id: newId(), name: asked.name, object: asked.name, grants };
  return [addDocument({ id: content.id, module: asked.module, content })];
}

/** Give the object of a workflow the field that holds the state. */
function withState(asked: Asked): readonly Command[] {
  const object = find(asked.docs, "object", asked.of);
  if (object === undefined) return [];
  const fields = object.content.fields;
  const field = {
    id: newId(),
    name: "status",
    type: "state",
    workflow: asked.name,
    label: { en: "Status", zh: "状态" },
  };
  return [insertItem(object.id, ["fields"], Array.isArray(fields) ? fields.length : 0, field)];
}

/** The names of the fields that people fill or read, in order. */
function fieldNames(asked: Asked): string[] {
  const fields = find(asked.docs, "object", asked.of)?.content.fields;
  const known = Array.isArray(fields) ? fields.filter(isObject) : [];
  return known.map((one) => textOf(one.name));
}

const STARTS: Readonly<Record<string, Start>> = {
  module: { content: (asked) => ({ ...labelled(asked), version: "0.1.0", requires: [], menu: [] }) },
  object: {
    content: (asked) => ({
      ...labelled(asked),
      fields: [
        {
          id: newId(),
          name: "title",
          type: "text",
          length: 200,
          required: true,
          label: { en: "Title", zh: "名称" },
        },
      ],
      title: "title",
      search: ["title"],
    }),
    also: (asked) => [...opened(asked), ...permitted(asked)],
  },
  choice_set: {
    content: (asked) => ({
      ...labelled(asked),
      choices: [{ value: "one", label: { en: "One", zh: "选项一" } }],
    }),
  },
  form: {
    of: "object",
    content: (asked) => ({
      ...labelled(asked),
      object: asked.of,
      sections: [{ columns: 2, items: fieldNames(asked).slice(0, 40) }],
    }),
  },
  view: {
    of: "object",
    content: (asked) => ({
      ...labelled(asked),
      object: asked.of,
      type: "table",
      columns: fieldNames(asked).slice(0, 6),
    }),
    also: (asked) => tabbed(asked),
  },
  workflow: {
    of: "object",
    content: (asked) => ({
      ...labelled(asked),
      object: asked.of,
      field: "status",
      states: [
        { id: newId(), name: "draft", initial: true, label: { en: "Draft", zh: "草稿" } },
        { id: newId(), name: "in_approval", colour: "blue", label: { en: "In approval", zh: "审批中" } },
        { id: newId(), name: "approved", final: true, colour: "green", label: { en: "Approved", zh: "已批准" } },
        { id: newId(), name: "rejected", final: true, colour: "red", label: { en: "Rejected", zh: "已驳回" } },
      ],
      // Until there is an approval for it, what is submitted is approved.
      transitions: [
        {
          id: newId(),
          name: "submit",
          from: ["draft"],
          to: "in_approval",
          on: { approved: "approved", rejected: "rejected", withdrawn: "draft" },
          without_approval: { to: "approved" },
          by: asked.roles,
          label: { en: "Submit", zh: "提交" },
        },
      ],
    }),
    also: (asked) => withState(asked),
  },
  approval: {
    of: "workflow",
    content: (asked) => {
      const transitions = find(asked.docs, "workflow", asked.of)?.content.transitions;
      const first = Array.isArray(transitions) ? transitions.find(isObject) : undefined;
      const roles = ofKind(asked.docs, "role").map((one) => textOf(one.content.name));
      return {
        ...labelled(asked),
        workflow: asked.of,
        transition: textOf(first?.name),
        steps: [
          {
            id: newId(),
            name: "first",
            label: { en: "First step", zh: "第一步" },
            approvers: [{ role: roles[0] ?? "" }],
          },
        ],
      };
    },
  },
  automation: { of: "object", content: (asked) => ({ ...labelled(asked), object: asked.of, on: [], actions: [] }) },
  scenario: {
    of: "object",
    content: (asked) => ({
      ...labelled(asked),
      at: `${new Date().toISOString().slice(0, 10)}T10:00`,
      given: { users: [{ name: "person", roles: asked.roles }], records: [] },
      when: [{ by: "person", create: { name: "record", object: asked.of, values: {} } }],
      then: [],
    }),
  },
  report: {
    of: "object",
    content: (asked) => ({ ...labelled(asked), object: asked.of, type: "grouped", measures: [{ op: "count" }] }),
  },
  dashboard: {
    content: (asked) => ({
      ...labelled(asked),
      tiles: [...ofKind(asked.docs, "report")]
        .sort((one, other) => Number(other.module === asked.module) - Number(one.module === asked.module))
        .slice(0, 1)
        .map((one) => ({ name: "first", report: textOf(one.content.name), kind: "number" })),
    }),
  },
  role: { content: (asked) => ({ ...labelled(asked), audience: "internal" }) },
  permission: { of: "object", content: (asked) => ({ object: asked.of, grants: [] }) },
};

export function startOf(kind: string): Start {
  return STARTS[kind] ?? { content: labelled };
}
