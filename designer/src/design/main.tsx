/** Opens a draft in the designer. */

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Saver } from "./model/saver";
import { Store } from "./model/store";
import { WorkbenchContext, type Workbench } from "./ui/desk";
import { HttpDraft } from "./ui/http_draft";
import { Keeper } from "./ui/keeper";
import { Shell } from "./ui/shell";
import { vocabulary } from "./ui/vocabulary";
import { page } from "./ui/words";

async function open(place: HTMLElement): Promise<void> {
  const draft = new HttpDraft(page().draft);
  const [words, found] = await Promise.all([vocabulary(), draft.open()]);
  const docs = new Map(
    found.held.flatMap((one) =>
      one.content === null ? [] : [[one.id, { id: one.id, module: one.module, content: one.content }]],
    ),
  );
  const store = new Store(docs);
  const desk = {
    docs: () => store.view.docs,
    take: store.take.bind(store),
    complete: store.complete.bind(store),
  };
  const keeper = new Keeper(store, new Saver(draft, desk, found.held, found.number), draft);
  const workbench: Workbench = {
    store,
    draft,
    vocabulary: words,
    language: page().language,
    save: () => keeper.save(),
    renaming: (asked) => keeper.renaming(asked),
  };
  createRoot(place).render(
    <StrictMode>
      <WorkbenchContext value={workbench}>
        <Shell keeper={keeper} />
      </WorkbenchContext>
    </StrictMode>,
  );
  keeper.start();
}

const place = document.getElementById("studio");
if (place !== null)
  open(place).catch((error: unknown) => {
    place.textContent = error instanceof Error ? error.message : String(error);
  });
