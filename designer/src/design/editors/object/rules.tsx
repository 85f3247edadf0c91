/** The rules of an object as sentences, and how many records break the one that is chosen. */

import { useState, type JSX } from "react";
import { freeName, nameOf, newId, type Doc } from "../../model/documents";
import { at, isList, isObject, textOf, type JsonObject } from "../../model/json";
import { objectOf } from "../../model/relations";
import { helpOf, properties, titleOf } from "../../model/schema";
import type { Describing } from "../../model/sentences/common";
import { broken, fieldRuleText, ruleText } from "../../model/sentences/rules";
import { tryFormula } from "../../ui/controls/trying_formulas";
import { schemaOf, useView, useWorkbench } from "../../ui/desk";
import { w } from "../../ui/words";
import { useAdding } from "../parts/adding";
import { Adder, Cards } from "../parts/cards";

const LISTS = ["rules", "field_rules"] as const;

export function Rules({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { language, vocabulary } = useWorkbench();
  const insert = useAdding(doc);
  const about: Describing = { docs: view.docs, object: objectOf(view.docs, doc), language, say: w };
  const known = properties(schemaOf(vocabulary, doc), doc.content);
  const sorts = LISTS.flatMap((key) => known.filter((one) => one.key === key));
  const listOf = (key: string): readonly JsonObject[] => {
    const found = at(doc.content, [key]);
    return isList(found) ? found.filter(isObject) : [];
  };
  const fields = listOf("fields");
  const add = (key: string): void => {
    const taken = listOf(key).map((one) => textOf(one.name));
    const first = textOf(fields[0]?.name) || "id";
    const start = { id: newId(), name: freeName("rule", taken) };
    const rule =
      key === "rules"
        ? { ...start, unless: `${first} IS NOT NULL`, message: { [language]: w("rule_new_message") }, field: first }
        : { ...start, about: [first], effect: "require", when: "TRUE" };
    insert([key], rule);
  };
  return (
    <section className="sentences object-rules" aria-label={w("rules")}>
      <h3>{w("rules")}</h3>
      <Cards
        doc={doc}
        list={["rules"]}
        label={w("rules")}
        empty={w("rules_none")}
        sentence={(one) => ruleText(about, one)}
        within={(one, path) =>
          view.chosen?.path[0] === "rules" && view.chosen.path[1] === path[1] && about.object !== undefined ? (
            <Breaking doc={doc} object={nameOf(about.object)} rule={one} />
          ) : null
        }
      />
      {listOf("field_rules").length === 0 ? null : (
        <Cards
          doc={doc}
          list={["field_rules"]}
          label={w("field_rules")}
          empty=""
          sentence={(one) => fieldRuleText(about, one)}
        />
      )}
      <Adder
        label={w("rules_add")}
        sorts={sorts.map((one) => ({ key: one.key, title: titleOf(one.schema, one.key), help: helpOf(one.schema) }))}
        onAdd={add}
      />
    </section>
  );
}

/** Counts the records that break a rule, among those that who designs may read. */
function Breaking(props: { readonly doc: Doc; readonly object: string; readonly rule: JsonObject }): JSX.Element {
  const { doc, object, rule } = props;
  const { save } = useWorkbench();
  const [told, setTold] = useState("");
  const formula = broken(object, rule);
  const count = (): void => {
    setTold(w("rule_counting"));
    save()
      .then(() => tryFormula({ object, outer: null, isCondition: false }, formula, null, { document: doc.id, path: [] }))
      .then((found) => {
        const problem = found.problems[0];
        setTold(
          found.state === "value"
            ? w("rule_broken", { count: textOf(found.value) })
            : found.reason || (problem?.message ?? ""),
        );
      })
      .catch((reason: unknown) => setTold(reason instanceof Error ? reason.message : String(reason)));
  };
  return (
    <p className="rule-count">
      <button type="button" className="button" onClick={count}>
        {w("rule_count")}
      </button>{" "}
      <span role="status">{told}</span>
    </p>
  );
}
