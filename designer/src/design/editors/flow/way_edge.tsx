/** A way between states, drawn where the layout put it; its label is chosen and renamed in place. */

import { BaseEdge, EdgeLabelRenderer, type Edge, type EdgeProps } from "@xyflow/react";
import { memo, type JSX } from "react";
import { removeItem } from "../../model/commands/remove_item";
import { setValue } from "../../model/commands/set_value";
import type { Way } from "../../model/flow/graph";
import { curve, type Point } from "../../model/flow/layout";
import { useChoose, useRun, useWorkbench } from "../../ui/desk";
import { IconButton } from "../../ui/icon";
import { w } from "../../ui/words";

export interface WayData extends Record<string, unknown> {
  readonly id: string;
  readonly way: Way;
  readonly points: readonly Point[];
  readonly label: Point;
  readonly chosen: boolean;
  readonly wrong: string;
}

/** Return what stands at a way: the transition, or what its approval came to. */
export function wayText(way: Way): string {
  return way.outcome === null ? way.label : w(`flow_outcome_${way.outcome}`, { label: way.label });
}

export const WayEdge = memo(function WayEdge(props: EdgeProps<Edge<WayData>>): JSX.Element | null {
  const { data } = props;
  const choose = useChoose();
  if (data === undefined) return null;
  const { id, way, points, label, chosen, wrong } = data;
  const classes = ["flow-way", chosen ? "chosen" : "", wrong === "" ? "" : "wrong", way.outcome ?? ""];
  const place = { transform: `translate(-50%, -50%) translate(${label.x}px, ${label.y}px)` };
  return (
    <>
      <BaseEdge
        path={curve(points)}
        className={classes.join(" ")}
        interactionWidth={14}
        {...(props.markerEnd === undefined ? {} : { markerEnd: props.markerEnd })}
      />
      <EdgeLabelRenderer>
        <div
          className={`flow-label nodrag nopan ${classes.slice(1).join(" ")}`}
          style={place}
          title={wrong}
          data-transition={way.transition}
        >
          {chosen && way.outcome === null ? (
            <Renaming id={id} way={way} />
          ) : (
            <button type="button" className="plain" onClick={() => choose(id, way.path)}>
              {wayText(way)}
              {wrong === "" ? null : <span className="dot" role="img" aria-label={`${w("has_problems")}: ${wrong}`} />}
            </button>
          )}
        </div>
      </EdgeLabelRenderer>
    </>
  );
});

function Renaming({ id, way }: { readonly id: string; readonly way: Way }): JSX.Element {
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const path = ["transitions", way.transition];
  return (
    <>
      <input
        className="inline"
        autoFocus
        size={Math.max(6, way.label.length + 2)}
        aria-label={w("flow_way_label", { name: way.label })}
        value={way.label}
        onChange={(event) => run(setValue(id, [...path, "label", language], event.target.value))}
      />
      <IconButton
        icon="trash"
        name={`${w("remove")}: ${way.label}`}
        onPress={() => {
          run(removeItem(id, path, false));
          choose(id);
        }}
      />
    </>
  );
}
