/** A text in both languages, the viewer's first. */

import type { JSX } from "react";
import { isObject, textOf, withAt } from "../../model/json";
import { useWorkbench } from "../desk";
import { w } from "../words";
import type { ControlProps } from "./control";

export function LabelControl({ id, value, set }: ControlProps): JSX.Element {
  const { language } = useWorkbench();
  const known = isObject(value) ? value : {};
  const languages = language === "zh" ? (["zh", "en"] as const) : (["en", "zh"] as const);
  const write = (one: "zh" | "en", text: string): void => {
    const made = withAt(known, [one], text === "" ? undefined : text);
    set(isObject(made) && Object.keys(made).length === 0 ? undefined : made);
  };
  return (
    <div className="label-pair">
      {languages.map((one, position) => (
        <span key={one} className="label-one">
          <span aria-hidden="true">{one === "zh" ? "中" : "EN"}</span>
          <input
            id={position === 0 ? id : undefined}
            className="input"
            aria-label={position === 0 ? undefined : w(`in_${one}`)}
            lang={one === "zh" ? "zh-CN" : "en"}
            value={textOf(known[one])}
            onChange={(event) => write(one, event.target.value)}
          />
        </span>
      ))}
    </div>
  );
}
