/** Any document by its options alone, as wide as the canvas. */

import type { JSX } from "react";
import type { Doc } from "../model/documents";
import { properties } from "../model/schema";
import { schemaOf, useWorkbench } from "../ui/desk";
import { PropertyList } from "../ui/options";

export function PlainEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const { vocabulary } = useWorkbench();
  const found = properties(schemaOf(vocabulary, doc), doc.content);
  return (
    <div className="plain-editor">
      <PropertyList doc={doc} path={[]} found={found} />
    </div>
  );
}
