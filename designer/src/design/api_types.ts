/** Written by tools/write_api_types.py from the shapes of the OpenAPI document: change these, then run it. */

import type { Json, JsonObject } from "./model/json";

export interface FormulaAnswer {
  readonly state: "value" | "refused" | "unknown";
  readonly type: string | null;
  readonly value: Json;
  readonly parts: readonly {
    readonly text: string;
    readonly label: string;
    readonly value: Json;
  }[];
  readonly problems: readonly ({
    readonly severity: "error" | "warning";
    readonly code: string;
    readonly path: string;
    readonly message: string;
    readonly hint: string;
    readonly span: readonly [number, number] | null;
    readonly instead: string | null;
  })[];
  readonly reason: string;
  readonly record: {
    readonly id: string | null;
    readonly title: string | null;
  } | null;
  readonly samples: readonly ({
    readonly name: string;
    readonly label: string;
    readonly value: string;
    readonly kind: "boolean" | "date" | "datetime" | "file" | "null" | "number" | "polymorphic" | "reference" | "references" | "rows" | "text";
    readonly object: string | null;
    readonly whole: boolean;
    readonly choices: readonly {
      readonly value: string;
      readonly label: string;
    }[];
    readonly title: string | null;
    readonly problem: string | null;
  })[];
}

export interface FormulaAsked {
  readonly object?: string;
  readonly formula: string;
  readonly condition?: boolean;
  readonly document?: string;
  readonly path?: readonly (string | number)[];
  readonly this?: string;
  readonly record?: string;
  readonly given?: Readonly<Record<string, string>>;
}

export interface ModuleAnswer {
  readonly id: string;
  readonly documents: number;
  readonly told: readonly ({
    readonly severity: "error" | "warning";
    readonly code: string;
    readonly path: string;
    readonly message: string;
    readonly hint: string;
  })[];
}

export interface ModuleAsked {
  readonly module?: string;
  readonly template?: string;
  readonly name: string;
  readonly label: Readonly<Record<string, string>>;
  readonly objects?: Readonly<Record<string, string>>;
  readonly roles?: Readonly<Record<string, string>>;
}

export interface NameAnswer {
  readonly name: string;
}

export interface Problem {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly path: string;
  readonly message: string;
  readonly hint: string;
}

export interface RenameAnswer {
  readonly problems: readonly ({
    readonly severity: "error" | "warning";
    readonly code: string;
    readonly path: string;
    readonly message: string;
    readonly hint: string;
  })[];
  readonly count: number;
  readonly places: readonly string[];
  readonly along: readonly string[];
  readonly documents: readonly {
    readonly id: string;
    readonly document: {
      readonly module: string;
      readonly content: JsonObject;
    };
  }[];
}

export interface RenameAsked {
  readonly document: string;
  readonly path: string;
  readonly name: string;
}
