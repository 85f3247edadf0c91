/** A text of the schemas: what stands between backticks is code. */

import type { JSX } from "react";

export function Prose({ text }: { readonly text: string }): JSX.Element {
  return (
    <>{text.split("`").map((part, position) => (position % 2 === 1 ? <code key={position}>{part}</code> : part))}</>
  );
}
