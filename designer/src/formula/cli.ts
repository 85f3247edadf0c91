/** `node cli.js < lines`: evaluate trees over rows; `--functions` lists what the browser computes. */

import { readFileSync } from "node:fs";
import { runBatch } from "./batch";
import { FUNCTIONS } from "./functions";

if (process.argv.includes("--functions")) {
  process.stdout.write([...FUNCTIONS.keys()].join("\n"));
} else {
  process.stdout.write(runBatch(readFileSync(0, "utf8")));
}
