/** The cards of an approval's chain: where it begins, its steps, forks and branches, its end. */

import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { memo, type JSX, type KeyboardEvent } from "react";
import { insertItem } from "../../model/commands/insert_item";
import { moveItem } from "../../model/commands/move_item";
import { removeItem } from "../../model/commands/remove_item";
import { setValue } from "../../model/commands/set_value";
import { labelOf, newId, freeName } from "../../model/documents";
import type { ChainNode } from "../../model/flow/chain";
import { isObject, textOf, type JsonObject } from "../../model/json";
import { useChoose, useRun, useWorkbench } from "../../ui/desk";
import { Icon, IconButton } from "../../ui/icon";
import { w } from "../../ui/words";

/** A line of a card: what it says, and how it looks. */
export interface CardLine {
  readonly text: string;
  readonly kind: "who" | "mode" | "when" | "time" | "tried" | "quiet";
}

export const HEAD_HEIGHT = 46;
export const LINE_HEIGHT = 21;

export interface CardData extends Record<string, unknown> {
  readonly id: string;
  readonly node: ChainNode;
  readonly lines: readonly CardLine[];
  readonly chosen: boolean;
  readonly wrong: string;
  /** What the trial said of the step; empty without one. */
  readonly tried: string;
  /** Gives a new step; for a branch that is added. */
  readonly fresh: () => JsonObject;
}

type Props = NodeProps<Node<CardData>>;

export const StepCard = memo(function StepCard({ data }: Props): JSX.Element {
  const { id, node, chosen, wrong, tried, lines } = data;
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const { path, position, count } = node;
  const list = path.slice(0, -1);
  const label = labelOf(node.part, language);
  const move = (to: number): void => {
    run(moveItem(id, list, position, to));
    choose(id, [...list, to]);
  };
  const press = (event: KeyboardEvent): void => {
    if (!event.altKey) return;
    if (event.key === "ArrowUp" && position > 0) move(position - 1);
    else if (event.key === "ArrowDown" && position < count - 1) move(position + 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const marks = [node.kind, chosen ? "chosen" : "", wrong === "" ? "" : "wrong", tried];
  return (
    <div
      className={`flow-card ${marks.join(" ")}`}
      data-step={textOf(node.part.name)}
      data-tried={tried}
      onClick={() => choose(id, path)}
      onKeyDown={press}
    >
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <div className="flow-card-head">
        <Icon name="grip" />
        <input
          className="inline nodrag nopan"
          aria-label={w("flow_step_label", { name: textOf(node.part.name) })}
          value={label}
          onFocus={() => choose(id, path)}
          onChange={(event) => run(setValue(id, [...path, "label", language], event.target.value))}
        />
        {wrong === "" ? null : (
          <span className="dot" role="img" title={wrong} aria-label={`${w("has_problems")}: ${wrong}`} />
        )}
      </div>
      {lines.map((line, number) => (
        <p key={number} className={`flow-line ${line.kind}`} title={line.text}>
          {line.text}
        </p>
      ))}
      {chosen ? (
        <span className="flow-acts nodrag nopan">
          <IconButton icon="up" name={w("move_up")} disabled={position === 0} onPress={() => move(position - 1)} />
          <IconButton
            icon="down"
            name={w("move_down")}
            disabled={position === count - 1}
            onPress={() => move(position + 1)}
          />
          {node.kind === "fork" ? <AddBranch data={data} /> : null}
          <IconButton
            icon="trash"
            name={`${w("remove")}: ${label}`}
            disabled={count === 1}
            onPress={() => {
              run(removeItem(id, path, false));
              choose(id);
            }}
          />
        </span>
      ) : null}
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
});

function AddBranch({ data }: { readonly data: CardData }): JSX.Element {
  const run = useRun();
  const choose = useChoose();
  const { id, node } = data;
  const branches = node.part.branches;
  const known = Array.isArray(branches) ? (branches as JsonObject[]) : [];
  return (
    <IconButton
      icon="plus"
      name={w("flow_add_branch")}
      onPress={() => {
        const name = freeName("branch", known.map((one) => textOf(one.name)));
        const branch = { id: newId(), name, steps: [data.fresh()] };
        run(insertItem(id, [...node.path, "branches"], known.length, branch));
        choose(id, [...node.path, "branches", known.length]);
      }}
    />
  );
}

/** The name of a branch, above its steps. */
export const BranchCard = memo(function BranchCard({ data }: Props): JSX.Element {
  const { id, node, chosen, wrong } = data;
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const label = labelOf(node.part, language);
  return (
    <div className={`flow-branch ${chosen ? "chosen" : ""} ${wrong === "" ? "" : "wrong"}`} title={wrong}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <button type="button" className="plain nodrag" onClick={() => choose(id, node.path)}>
        {label}
      </button>
      {chosen && node.count > 2 ? (
        <span className="nodrag">
          <IconButton
            icon="trash"
            name={`${w("remove")}: ${label}`}
            onPress={() => {
              run(removeItem(id, node.path, false));
              choose(id);
            }}
          />
        </span>
      ) : null}
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
});

/** What begins an approval: its transition, its condition, its priority. */
export const HeadCard = memo(function HeadCard({ data }: Props): JSX.Element {
  const { id, lines, chosen, wrong } = data;
  const choose = useChoose();
  return (
    <div className={`flow-card head ${chosen ? "chosen" : ""} ${wrong === "" ? "" : "wrong"}`} title={wrong}>
      <button type="button" className="plain nodrag" onClick={() => choose(id)}>
        {lines.map((line, number) => (
          <span key={number} className={`flow-line ${line.kind}`} title={line.text}>
            {line.text}
          </span>
        ))}
      </button>
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
});

export const JoinMark = memo(function JoinMark(): JSX.Element {
  return (
    <div className="flow-join">
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
});

export const EndMark = memo(function EndMark({ data }: Props): JSX.Element {
  return (
    <div className="flow-end">
      <Handle type="target" position={Position.Top} isConnectable={false} />
      {isObject(data.node.part.time) ? data.lines[0]?.text : w("flow_approved")}
    </div>
  );
});
