/** A role: what it may do with every object, as a matrix over all permissions of the draft. */

import { useState, type JSX } from "react";
import { several } from "../model/commands/several";
import { labelOf, nameOf, ofKind, type Doc } from "../model/documents";
import { actionsOf, granting, grantsFor, isPlain } from "../model/grants";
import { useChoose, useRun, useView, useWorkbench } from "../ui/desk";
import { Sideways } from "../ui/sideways";
import { w } from "../ui/words";
import { ACTIONS } from "./permission";

export function RoleEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const role = nameOf(doc);
  const objects = ofKind(view.docs, "object");
  const isHeld = (one: Doc): boolean => grantsFor(view.docs, nameOf(one), role).length > 0;
  // A row that was shown stays: what is ticked must not make the others go away.
  const [all, setAll] = useState(() => !objects.some(isHeld));
  const [first] = useState<ReadonlySet<string>>(() => new Set(objects.filter(isHeld).map((one) => one.id)));
  const shown = all ? objects : objects.filter((one) => first.has(one.id) || isHeld(one));
  return (
    <>
      <p className="quiet matrix-help">{w("role_matrix")}</p>
      <Sideways className="matrix-scroll" name={w("kind_permission")}>
        <table className="matrix">
          <thead>
            <tr>
              <th scope="col">{w("kind_object")}</th>
              {ACTIONS.map((one) => (
                <th scope="col" key={one} className="matrix-tick">
                  {w(`action_${one}`)}
                </th>
              ))}
              <th scope="col">{w("limits")}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((object) => {
              const held = grantsFor(view.docs, nameOf(object), role);
              const label = labelOf(object.content, language);
              const home = held[0]?.doc;
              return (
                <tr key={object.id}>
                  <th scope="row">{label}</th>
                  {ACTIONS.map((action) => {
                    const covering = held.filter((one) => actionsOf(one).includes(action));
                    const isLimited =
                      covering.length > 0 && !covering.some((one) => isPlain(one) && one.content.scope === "all");
                    return (
                      <td key={action} className="matrix-tick">
                        <input
                          type="checkbox"
                          className="switch-box"
                          aria-label={`${label}: ${w(`action_${action}`)}`}
                          checked={covering.length > 0}
                          title={isLimited ? w("limited") : undefined}
                          onChange={(event) =>
                            run(
                              several(
                                "design.did_grant",
                                granting(view.docs, object, role, action, event.target.checked),
                              ),
                            )
                          }
                        />
                        {isLimited ? <span aria-hidden="true">*</span> : null}
                      </td>
                    );
                  })}
                  <td>
                    {home === undefined ? null : (
                      <button
                        type="button"
                        className="plain limits"
                        onClick={() => choose(home.id, ["grants", held[0]?.position ?? 0])}
                      >
                        {w("grants", { count: held.length })}
                      </button>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Sideways>
      {shown.length < objects.length ? (
        <button type="button" className="button" onClick={() => setAll(true)}>
          {w("all_objects", { count: objects.length })}
        </button>
      ) : null}
    </>
  );
}
