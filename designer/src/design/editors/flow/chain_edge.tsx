/** A line between two steps; a step can be put in here. */

import { BaseEdge, EdgeLabelRenderer, getSmoothStepPath, type Edge, type EdgeProps } from "@xyflow/react";
import { memo, type JSX } from "react";
import type { ChainLine } from "../../model/flow/chain";
import { Icon } from "../../ui/icon";
import { w } from "../../ui/words";

export interface LineData extends Record<string, unknown> {
  readonly line: ChainLine;
  /** What stands behind: named to who listens. */
  readonly before: string;
  readonly onAdd: (line: ChainLine) => void;
}

export const ChainEdge = memo(function ChainEdge(
  props: EdgeProps<Edge<LineData>>,
): JSX.Element | null {
  const { data, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition } = props;
  if (data === undefined) return null;
  const ends = { sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition };
  const [path] = getSmoothStepPath({ ...ends, borderRadius: 8 });
  // Beside the fork and the join lines of several branches meet: the button stands on its own part.
  const joins = sourceX !== targetX;
  const x = sourceX;
  const y = joins ? sourceY + 12 : (sourceY + targetY) / 2;
  const name = data.before === "" ? w("flow_add_last") : w("flow_add_before", { name: data.before });
  return (
    <>
      <BaseEdge
        path={path}
        className="flow-way"
        {...(props.markerEnd === undefined ? {} : { markerEnd: props.markerEnd })}
      />
      {data.line.list === null ? null : (
        <EdgeLabelRenderer>
          <button
            type="button"
            className="flow-add nodrag nopan"
            style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
            aria-label={name}
            title={name}
            onClick={() => data.onAdd(data.line)}
          >
            <Icon name="plus" />
          </button>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
