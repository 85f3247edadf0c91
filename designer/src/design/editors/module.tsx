/** A module: its menu, its objects and how they refer to each other, its constants, its texts in both languages. */

import { useState, type JSX } from "react";
import type { Doc } from "../model/documents";
import { w } from "../ui/words";
import { Diagram } from "./module/diagram";
import { Menu } from "./module/menu";
import { Translations } from "./module/translations";
import { Values } from "./module/values";

const PARTS = ["menu", "diagram", "values", "texts"] as const;

export function ModuleEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const [part, setPart] = useState<(typeof PARTS)[number]>("menu");
  return (
    <>
      <div className="switch parts-of-module" role="group" aria-label={w("kind_module")}>
        {PARTS.map((one) => (
          <button key={one} type="button" aria-pressed={part === one} onClick={() => setPart(one)}>
            {w(`module_${one}`)}
          </button>
        ))}
      </div>
      {part === "menu" ? <Menu doc={doc} /> : null}
      {part === "diagram" ? <Diagram doc={doc} /> : null}
      {part === "values" ? <Values doc={doc} /> : null}
      {part === "texts" ? <Translations doc={doc} /> : null}
    </>
  );
}
