/** A state on the canvas: its label is renamed in place. */

import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { memo, type JSX } from "react";
import { removeState } from "../../model/commands/remove_state";
import { setValue } from "../../model/commands/set_value";
import type { StateNode } from "../../model/flow/graph";
import { useChoose, useRun, useWorkbench } from "../../ui/desk";
import { IconButton } from "../../ui/icon";
import { w } from "../../ui/words";

export const STATE_WIDTH = 152;
export const STATE_HEIGHT = 58;

export interface StateData extends Record<string, unknown> {
  readonly id: string;
  readonly state: StateNode;
  readonly chosen: boolean;
  /** What the check found; empty where nothing is wrong. */
  readonly wrong: string;
}

export const StateCard = memo(function StateCard({
  data,
}: NodeProps<Node<StateData>>): JSX.Element {
  const { id, state, chosen, wrong } = data;
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const path = ["states", state.position];
  const classes = ["flow-state", state.colour, chosen ? "chosen" : "", wrong === "" ? "" : "wrong"];
  return (
    <div className={classes.join(" ")} title={wrong} onClick={() => choose(id, path)}>
      <Handle type="target" position={Position.Left} isConnectableStart={false} />
      <input
        className="inline nodrag nopan"
        aria-label={w("flow_state_label", { name: state.name })}
        value={state.label}
        onFocus={() => choose(id, path)}
        onChange={(event) =>
          run(setValue(id, [...path, "label", language], event.target.value))
        }
      />
      <span className="flow-marks">
        {state.initial ? <span className="badge">{w("flow_initial")}</span> : null}
        {state.final ? <span className="badge">{w("flow_final")}</span> : null}
        {wrong === "" ? null : <span className="dot" role="img" aria-label={`${w("has_problems")}: ${wrong}`} />}
        <code>{state.name}</code>
      </span>
      {chosen ? (
        <span className="flow-acts nodrag nopan">
          <IconButton
            icon="trash"
            name={`${w("remove")}: ${state.label}`}
            onPress={() => {
              run(removeState(id, state.name));
              choose(id);
            }}
          />
        </span>
      ) : null}
      <Handle type="source" position={Position.Right} />
    </div>
  );
});
