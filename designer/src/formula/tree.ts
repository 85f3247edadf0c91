/** The typed tree of a formula, as the server sends it (`to_json` in `formulas/tree.py`). */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

interface Typed {
  /** `text`, `number:2`, `reference:partner`, … */
  readonly type: string;
  readonly span: readonly [number, number];
}

export interface LiteralNode extends Typed {
  readonly node: "literal";
  readonly value: string | boolean | null;
}

export interface FieldNode extends Typed {
  readonly node: "field";
  readonly path: readonly string[];
  readonly names: readonly string[];
  readonly outer: boolean;
}

export interface ConstantNode extends Typed {
  readonly node: "constant";
  readonly name: string;
}

export interface ConvertNode extends Typed {
  readonly node: "convert";
  readonly operand: TreeNode;
}

export interface UnaryNode extends Typed {
  readonly node: "unary";
  readonly operator: "-" | "NOT" | "IS NULL" | "IS NOT NULL";
  readonly operand: TreeNode;
}

export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";
export type Arithmetic = "+" | "-" | "*" | "/" | "%";

export interface BinaryNode extends Typed {
  readonly node: "binary";
  readonly operator: Comparison | Arithmetic | "AND" | "OR";
  readonly left: TreeNode;
  readonly right: TreeNode;
}

export interface CallNode extends Typed {
  readonly node: "call";
  readonly function: string;
  readonly args: readonly TreeNode[];
}

export interface InNode extends Typed {
  readonly node: "in";
  readonly operand: TreeNode;
  readonly items: readonly TreeNode[];
  readonly negated: boolean;
}

export interface CaseNode extends Typed {
  readonly node: "case";
  readonly branches: readonly { readonly condition: TreeNode; readonly result: TreeNode }[];
  readonly otherwise: TreeNode;
}

/** Questions to other objects are answered on the server only. */
export interface QueryNode extends Typed {
  readonly node: "query";
  readonly function: string;
}

export type TreeNode =
  | LiteralNode
  | FieldNode
  | ConstantNode
  | ConvertNode
  | UnaryNode
  | BinaryNode
  | CallNode
  | InNode
  | CaseNode
  | QueryNode;

/** A value while it is computed: a number is the count of its smallest unit. */
export type Value = bigint | string | boolean | null;

export function kindOf(node: Typed): string {
  return node.type.split(":", 1)[0] ?? "";
}

/** The digits after the point of a number node. */
export function scaleOf(node: Typed): number {
  return kindOf(node) === "number" ? Number(node.type.slice("number:".length)) : 0;
}
