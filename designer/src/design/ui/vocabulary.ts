/** The words of the designer: what documents may say, types of fields, functions of formulas. */

import type { FunctionJson, PaletteAnswer } from "../api_types";
import type { Schema } from "../model/schema";
import { answerOf } from "./api";
import { page } from "./words";

/** What the server says of all kinds of documents, in the viewer's language. */
export interface Vocabulary {
  readonly kinds: Readonly<Record<string, Schema>>;
  readonly palette: readonly PaletteGroup[];
  readonly functions: readonly FunctionJson[];
}

export interface Tile {
  readonly key: string;
  readonly title: string;
  readonly help: string;
}

export interface PaletteGroup {
  readonly title: string;
  readonly types: readonly Tile[];
}

/** Return the vocabulary of the designer in the viewer's language. */
export async function vocabulary(): Promise<Vocabulary> {
  const query = { language: page().language };
  const [{ kinds }, palette] = await Promise.all([
    answerOf("GET /metadata/schemas", { query }),
    answerOf("GET /metadata/palette", { query }),
  ]);
  return { kinds, palette: palette.groups.map((one) => groupOf(one, palette)), functions: palette.functions };
}

function groupOf(group: PaletteAnswer["groups"][number], palette: PaletteAnswer): PaletteGroup {
  const own = palette.field_types.filter((one) => one.group === group.name);
  return {
    title: group.label,
    types: own.map((one) => ({ key: one.type, title: one.label, help: one.help })),
  };
}
