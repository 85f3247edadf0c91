import js from "@eslint/js";
import tseslint from "typescript-eslint";

const browserGlobals = ["document", "window", "navigator", "localStorage", "fetch"];

export default tseslint.config(
  { ignores: ["node_modules/**"] },
  js.configs.recommended,
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // A number or boolean in a template literal reads well and cannot go wrong.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      // Handlers of components are one call each: braces around them would say nothing.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    // The evaluator runs in the browser and in node alike: it knows no page.
    files: ["src/formula/**/*.ts"],
    rules: {
      "no-restricted-globals": ["error", ...browserGlobals],
      "no-restricted-imports": [
        "error",
        { patterns: ["htmx.org*", "vega*", "../app*", "../chart*"] },
      ],
    },
  },
  {
    // What a draft is and how it changes knows no page and no library of components.
    files: ["src/design/model/**/*.ts"],
    rules: {
      "no-restricted-globals": ["error", ...browserGlobals],
      "no-restricted-imports": [
        "error",
        { patterns: ["react*", "@xyflow/*", "**/ui/*", "**/editors/*", "**/page/*"] },
      ],
    },
  },
);
