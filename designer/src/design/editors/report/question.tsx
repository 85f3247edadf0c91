/** What a report asks, as a sentence: numbers of an object, by its groups, where its condition holds. */

import type { JSX } from "react";
import { find, labelOf, type Doc } from "../../model/documents";
import type { Describing } from "../../model/flow/describing";
import { isObject, textOf, type Json } from "../../model/json";
import { pathIn, pathLabel } from "../../model/screens/fields";
import { onShelf } from "../../model/screens/report_shape";
import { formulaText } from "../../model/sentences/formulas";
import { useView, useWorkbench } from "../../ui/desk";
import { w } from "../../ui/words";
import { measureTitle } from "../parts/titles";

export function Question({ doc }: { readonly doc: Doc }): JSX.Element {
  const { docs } = useView();
  const { language } = useWorkbench();
  const object = textOf(doc.content.object);
  const name = (path: string): string => pathLabel(docs, object, path, language);
  const group = (one: Json): string => {
    const bucket = isObject(one) ? textOf(one.bucket) : "";
    return bucket === "" ? name(pathIn(one)) : `${name(pathIn(one))} (${w(`bucket_${bucket}`)})`;
  };
  const measure = (one: Json): string => measureTitle(docs, object, one, language);
  const list = (items: readonly Json[], text: (one: Json) => string): string => items.map(text).join(w("comma"));
  const rows = list(onShelf(doc.content, "group_rows"), group);
  const columns = list(onShelf(doc.content, "group_columns"), group);
  const by = [rows, columns].filter((one) => one !== "").join(" × ");
  const about: Describing = { docs, object: find(docs, "object", object), language, say: w };
  const where = formulaText(about, doc.content.where);
  const asked = w("question", {
    measures: list(onShelf(doc.content, "measures"), measure),
    object: labelOf(find(docs, "object", object)?.content, language),
  });
  return (
    <p className="question">
      {asked}
      {by === "" ? "" : w("question_by", { by })}
      {where === "" ? null : (
        <>
          {w("question_where")} {where}
        </>
      )}
    </p>
  );
}
