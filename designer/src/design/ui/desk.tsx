/** What every part of the designer works with: the store, the saver, the vocabulary. */

import { createContext, useContext, useSyncExternalStore } from "react";
import type { Command } from "../model/command";
import type { Doc } from "../model/documents";
import { kindOf, nameOf } from "../model/documents";
import { textOf, type Path } from "../model/json";
import type { Schema } from "../model/schema";
import type { Finding, Store, View } from "../model/store";
import type { HttpDraft } from "./http_draft";
import type { Vocabulary } from "./vocabulary";

export interface Workbench {
  readonly store: Store;
  readonly draft: HttpDraft;
  readonly vocabulary: Vocabulary;
  readonly language: "zh" | "en";
  /** Send what is unsaved now; true when the server has everything. */
  readonly save: () => Promise<boolean>;
  /** Wait for what is asked about a new name; meanwhile nothing says that everything is saved. */
  readonly renaming: <T>(asked: Promise<T>) => Promise<T>;
}

export const WorkbenchContext = createContext<Workbench | null>(null);

export function useWorkbench(): Workbench {
  const workbench = useContext(WorkbenchContext);
  if (workbench === null) throw new Error("outside of the designer");
  return workbench;
}

/** The state as it is now; the component draws itself again when it changes. */
export function useView(): View {
  const { store } = useWorkbench();
  return useSyncExternalStore(store.subscribe, store.snapshot);
}

export function useRun(): (command: Command) => void {
  const { store } = useWorkbench();
  return (command) => store.run(command);
}

export function useChoose(): (id: string, path?: Path) => void {
  const { store } = useWorkbench();
  return (id, path = []) => store.choose({ id, path });
}

export function schemaOf(vocabulary: Vocabulary, doc: Doc): Schema {
  return vocabulary.kinds[kindOf(doc)] ?? {};
}

/** The findings of one document; those about a part of it where `path` is given. */
export function findingsAt(view: View, doc: Doc, path: Path = []): readonly Finding[] {
  const file = fileOf(doc);
  return view.findings.filter(
    (one) => one.file === file && path.every((step, position) => one.path[position] === step),
  );
}

const FOLDERS: Readonly<Record<string, string>> = { dashboard: "dashboards", scenario: "scenarios" };

/** Path of a document's file, as the server names it in what it finds. */
export function fileOf(doc: Doc): string {
  const kind = kindOf(doc);
  const name = nameOf(doc);
  if (kind === "module") return `${doc.module}/module.json`;
  if (kind === "extends") return `${doc.module}/extends/${textOf(doc.content.of)}/${name}.json`;
  return `${doc.module}/${FOLDERS[kind] ?? `${kind}s`}/${name}.json`;
}
