/** A text of help: what stands between backticks is a value or a piece of a formula. */

import { Fragment, type JSX } from "react";
import { isObject, textOf } from "../model/json";
import type { Schema } from "../model/schema";

/** Values that the option offers are called as the option calls them. */
export function Help({ text, schema }: { readonly text: string; readonly schema: Schema }): JSX.Element {
  const labels = isObject(schema["x-labels"]) ? schema["x-labels"] : {};
  const parts = text.split("`");
  return (
    <>
      {parts.map((part, position) => {
        if (position % 2 === 0) return <Fragment key={position}>{part}</Fragment>;
        const label = textOf(labels[part]);
        return label === "" ? <code key={position}>{part}</code> : <q key={position}>{label}</q>;
      })}
    </>
  );
}
