/** One key of a document with its control, in the drawing itself. */

import type { JSX } from "react";
import type { Doc } from "../../model/documents";
import { properties } from "../../model/schema";
import { Control } from "../../ui/controls/control";
import { schemaOf, useWorkbench } from "../../ui/desk";

export function OneOption({ doc, name }: { readonly doc: Doc; readonly name: string }): JSX.Element | null {
  const { vocabulary } = useWorkbench();
  const property = properties(schemaOf(vocabulary, doc), doc.content).find((one) => one.key === name);
  return property === undefined ? null : <Control doc={doc} path={[name]} property={property} />;
}
