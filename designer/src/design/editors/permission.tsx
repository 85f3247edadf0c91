/** The permissions on an object: a row for each grant, by role; a column for each action. */

import type { JSX } from "react";
import { insertItem } from "../model/commands/insert_item";
import { removeItem } from "../model/commands/remove_item";
import { setValue } from "../model/commands/set_value";
import { labelOf, nameOf, ofKind, type Doc, type Docs } from "../model/documents";
import { actionsOf, grantsOf, usualScope, withActions, type Grant } from "../model/grants";
import { pathLabel, type Describing } from "../model/flow/describing";
import { isList, isObject, textOf, type JsonObject } from "../model/json";
import { objectOf } from "../model/relations";
import { formulaText } from "../model/sentences/formulas";
import { findingsAt, useChoose, useRun, useView, useWorkbench } from "../ui/desk";
import { IconButton } from "../ui/icon";
import { Sideways } from "../ui/sideways";
import { w } from "../ui/words";

export const ACTIONS = ["create", "read", "update", "delete"] as const;
const SCOPES = ["all", "own", "organisation", "organisation_tree", "organisation_below", "territory_tree"] as const;

export function PermissionEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const roles = ofKind(view.docs, "role");
  const grants = grantsOf(doc);
  const count = grants.length;
  const ways = waysOf(view.docs, doc);
  return (
    <Sideways className="matrix-scroll" name={w("kind_permission")}>
      <table className="matrix rights">
        <thead>
          <tr>
            <th scope="col">{w("kind_role")}</th>
            {ACTIONS.map((one) => (
              <th scope="col" key={one} className="matrix-tick">
                {w(`action_${one}`)}
              </th>
            ))}
            {ways.length > 0 ? <th scope="col">{w("transitions")}</th> : null}
            <th scope="col">{w("scope")}</th>
            <th scope="col">{w("limits")}</th>
            <th aria-label={w("remove")} />
          </tr>
        </thead>
        <tbody>
          {roles.map((role) => {
            const held = grants.filter((one) => one.content.role === nameOf(role));
            return held.length > 0 ? (
              held.map((one, position) => (
                <GrantRow key={one.position} grant={one} {...{ role, ways }} isFirst={position === 0} />
              ))
            ) : (
              <tr key={role.id} className="quiet">
                <th scope="row">{labelOf(role.content, language)}</th>
                {ACTIONS.map((action) => (
                  <td key={action} className="matrix-tick">
                    <input
                      type="checkbox"
                      className="switch-box"
                      aria-label={`${labelOf(role.content, language)}: ${w(`action_${action}`)}`}
                      checked={false}
                      onChange={() =>
                        run(
                          insertItem(doc.id, ["grants"], count, {
                            role: nameOf(role),
                            actions: [action],
                            scope: usualScope(role),
                          }),
                        )
                      }
                    />
                  </td>
                ))}
                {ways.length > 0 ? <td /> : null}
                <td>{w("scope_none")}</td>
                <td />
                <td />
              </tr>
            );
          })}
        </tbody>
      </table>
    </Sideways>
  );
}

/** Return the transitions of the workflow that an object has; none where it has no workflow. */
function waysOf(docs: Docs, doc: Doc): readonly JsonObject[] {
  const workflow = ofKind(docs, "workflow").find((one) => one.content.object === doc.content.object);
  const found = workflow?.content.transitions;
  return isList(found) ? found.filter(isObject) : [];
}

function GrantRow(props: {
  readonly grant: Grant;
  readonly ways: readonly JsonObject[];
  readonly role: Doc;
  readonly isFirst: boolean;
}): JSX.Element {
  const { grant, role } = props;
  const view = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const { doc, position, content } = grant;
  const path = ["grants", position];
  const label = labelOf(role.content, language);
  const about: Describing = { docs: view.docs, object: objectOf(view.docs, doc), language, say: w };
  const actions = actionsOf(grant);
  const scope = typeof content.scope === "string" ? content.scope : "";
  const isChosen = view.chosen?.path[0] === "grants" && view.chosen.path[1] === position;
  const wrong = findingsAt(view, doc, path).some((one) => one.severity === "error");
  return (
    <tr className={isChosen ? "chosen" : undefined}>
      <th scope="row">
        {props.isFirst ? label : <span className="visually-hidden">{label}</span>}
        {wrong ? <span className="dot" aria-label={w("has_problems")} /> : null}
      </th>
      {ACTIONS.map((action) => (
        <td key={action} className="matrix-tick">
          <input
            type="checkbox"
            className="switch-box"
            aria-label={`${label}: ${w(`action_${action}`)}`}
            checked={actions.includes(action)}
            onChange={(event) =>
              run(
                withActions(
                  grant,
                  event.target.checked ? [...actions, action] : actions.filter((one) => one !== action),
                ),
              )
            }
          />
        </td>
      ))}
      {props.ways.length > 0 ? (
        <td>
          <Transitions grant={grant} label={label} ways={props.ways} />
        </td>
      ) : null}
      <td>
        <select
          aria-label={`${label}: ${w("scope")}`}
          value={scope}
          onChange={(event) => {
            if (event.target.value === "") choose(doc.id, path);
            else run(setValue(doc.id, [...path, "scope"], event.target.value));
          }}
        >
          <option value="">{w(isObject(content.scope) ? "scope_own_words" : "scope_other")}</option>
          {SCOPES.map((one) => (
            <option key={one} value={one}>
              {w(`scope_${one}`)}
            </option>
          ))}
        </select>
      </td>
      <td>
        <button type="button" className="plain limits" onClick={() => choose(doc.id, path)}>
          {limitsOf(about, grant) || w("no_limits")}
        </button>
      </td>
      <td>
        {props.isFirst ? (
          <IconButton
            icon="plus"
            name={`${w("another_grant")}: ${label}`}
            onPress={() => {
              run(
                insertItem(doc.id, ["grants"], position + 1, {
                  role: nameOf(role),
                  actions: ["read"],
                  scope: usualScope(role),
                }),
              );
              choose(doc.id, ["grants", position + 1]);
            }}
          />
        ) : null}
        <IconButton
          icon="trash"
          name={`${w("remove")}: ${label}`}
          onPress={() => run(removeItem(doc.id, path, false))}
        />
      </td>
    </tr>
  );
}

/** The transitions that a grant covers, folded: what is ticked stands in the summary. */
function Transitions(props: {
  readonly grant: Grant;
  readonly label: string;
  readonly ways: readonly JsonObject[];
}): JSX.Element {
  const { doc, position, content } = props.grant;
  const { language } = useWorkbench();
  const run = useRun();
  const held = isList(content.transitions) ? content.transitions.map(textOf) : [];
  const set = (names: readonly string[]): void =>
    run(setValue(doc.id, ["grants", position, "transitions"], names.length > 0 ? names : undefined));
  const shown =
    props.ways
      .filter((one) => held.includes(textOf(one.name)))
      .map((one) => labelOf(one, language))
      .join(", ") || "–";
  return (
    <details className="ways">
      <summary aria-label={`${props.label}: ${w("transitions")}: ${shown}`}>{shown}</summary>
      {props.ways.map((one) => {
        const name = textOf(one.name);
        return (
          <label key={name}>
            <input
              type="checkbox"
              className="switch-box"
              checked={held.includes(name)}
              onChange={(event) =>
                set(event.target.checked ? [...held, name] : held.filter((other) => other !== name))
              }
            />{" "}
            {labelOf(one, language)}
          </label>
        );
      })}
    </details>
  );
}

/** Return in words what narrows a grant: its scope where it is not a plain one, its condition, its fields. */
function limitsOf(about: Describing, grant: Grant): string {
  const { when, fields, scope } = grant.content;
  const parts = [
    isObject(scope)
      ? Object.values(scope)
          .map((one) => pathLabel(about, textOf(one)))
          .join(" ")
      : "",
    formulaText(about, when),
    isObject(fields)
      ? Object.entries(fields)
          .map(([key, one]) => w(`limit_${key}`, { count: isList(one) ? one.length : 0 }))
          .join(", ")
      : "",
  ];
  return parts.filter((one) => one !== "").join(" · ");
}
