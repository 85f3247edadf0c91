/** Adds a transition without a pointer: from, to, label. */

import { useState, type JSX } from "react";
import type { FlowGraph } from "../../model/flow/graph";
import { w } from "../../ui/words";

export interface Wanted {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

export function WayForm(props: {
  readonly graph: FlowGraph;
  readonly from: string;
  readonly onAdd: (wanted: Wanted) => void;
}): JSX.Element {
  const { states } = props.graph;
  const first = props.from || (states[0]?.name ?? "");
  const [from, setFrom] = useState(first);
  const [to, setTo] = useState(states.find((one) => one.name !== first)?.name ?? first);
  const [label, setLabel] = useState("");
  const options = states.map((one) => (
    <option key={one.name} value={one.name}>
      {one.label}
    </option>
  ));
  return (
    <form
      className="way-form"
      aria-label={w("flow_add_way")}
      onSubmit={(event) => {
        event.preventDefault();
        props.onAdd({ from, to, label });
        setLabel("");
      }}
    >
      <label>
        {w("flow_from")}
        <select className="input" autoFocus value={from} onChange={(event) => setFrom(event.target.value)}>
          {options}
        </select>
      </label>
      <label>
        {w("flow_to")}
        <select className="input" value={to} onChange={(event) => setTo(event.target.value)}>
          {options}
        </select>
      </label>
      <label>
        {w("new_label")}
        <input className="input" required value={label} onChange={(event) => setLabel(event.target.value)} />
      </label>
      <button className="button main">{w("add")}</button>
    </form>
  );
}
