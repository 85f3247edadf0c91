/** The constants and the named expressions of a module: what formulas read as `$C.name` and call as `name(…)`. */

import type { JSX } from "react";
import { setValue } from "../../model/commands/set_value";
import { freeName, labelOf, type Doc } from "../../model/documents";
import { isList, isObject, textOf, type JsonObject, type Path } from "../../model/json";
import { schemaAt } from "../../model/schema";
import { Control } from "../../ui/controls/control";
import { schemaOf, useRun, useView, useWorkbench } from "../../ui/desk";
import { w } from "../../ui/words";
import { useAdding } from "../parts/adding";
import { Adder, Cards } from "../parts/cards";

export function Values({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const insert = useAdding(doc);
  const add = (key: "constants" | "expressions"): void => {
    const taken = [...view.docs.values()].flatMap((one) => {
      const found = one.content[key];
      return isList(found) ? found.filter(isObject).map((each) => textOf(each.name)) : [];
    });
    const label = { [language]: w(`new_${key}`) };
    const item =
      key === "constants"
        ? { name: freeName("constant", taken), type: "decimal", value: "0", label }
        : {
            name: freeName("expression", taken),
            parameters: [{ name: "amount", type: "decimal" }],
            formula: "amount",
            label,
          };
    insert([key], item);
  };
  return (
    <div className="sentences">
      <section aria-label={w("constants")}>
        <h3>{w("constants")}</h3>
        <p className="quiet">{w("constants_help")}</p>
        <Cards
          doc={doc}
          list={["constants"]}
          label={w("constants")}
          empty={w("constants_none")}
          sentence={(one) =>
            w("constant_is", { label: labelOf(one, language), name: textOf(one.name), value: textOf(one.value) })
          }
          within={(one, path) => <ConstantValue doc={doc} constant={one} path={path} />}
        />
        <Adder
          label={w("add")}
          sorts={[{ key: "constants", title: w("new_constants"), help: "" }]}
          onAdd={() => add("constants")}
        />
      </section>
      <section aria-label={w("expressions")}>
        <h3>{w("expressions")}</h3>
        <p className="quiet">{w("expressions_help")}</p>
        <Cards
          doc={doc}
          list={["expressions"]}
          label={w("expressions")}
          empty={w("expressions_none")}
          sentence={(one) => w("expression_is", { label: labelOf(one, language), call: callOf(one) })}
          within={(_, path) => <Formula doc={doc} path={path} />}
        />
        <Adder
          label={w("add")}
          sorts={[{ key: "expressions", title: w("new_expressions"), help: "" }]}
          onAdd={() => add("expressions")}
        />
      </section>
    </div>
  );
}

/** Return how an expression is called. */
function callOf(expression: JsonObject): string {
  const parameters = isList(expression.parameters) ? expression.parameters.filter(isObject) : [];
  return `${textOf(expression.name)}(${parameters.map((one) => textOf(one.name)).join(", ")})`;
}

function ConstantValue(props: { readonly doc: Doc; readonly constant: JsonObject; readonly path: Path }): JSX.Element {
  const { language } = useWorkbench();
  const run = useRun();
  return (
    <input
      className="input constant-value"
      aria-label={w("constant_value", { name: labelOf(props.constant, language) })}
      value={textOf(props.constant.value)}
      onChange={(event) => run(setValue(props.doc.id, [...props.path, "value"], event.target.value))}
    />
  );
}

function Formula({ doc, path }: { readonly doc: Doc; readonly path: Path }): JSX.Element | null {
  const { vocabulary } = useWorkbench();
  const schema = schemaAt(schemaOf(vocabulary, doc), doc.content, [...path, "formula"]);
  if (schema === undefined) return null;
  return <Control doc={doc} path={[...path, "formula"]} property={{ key: "formula", schema, required: true }} />;
}
