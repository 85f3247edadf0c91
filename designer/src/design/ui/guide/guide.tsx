/** The guide to a first module: what to do next, where, and what is done already. */

import { useId, useState, useSyncExternalStore, type JSX } from "react";
import { doneOf, nextOf, placeOf, STEPS, type Seen, type Step } from "../../model/guide";
import { useChoose, useView } from "../desk";
import { Icon, IconButton } from "../icon";
import { page, w } from "../words";
import { isOpen, setOpen, subscribe } from "./open";

/** Where each step is done. */
const PLACES: Readonly<Record<Step, string>> = {
  object: ".outline-head button",
  fields: ".palette .palette-type:not(.child-table)",
  form: ".outline-head button",
  rights: ".canvas table input",
  approval: ".outline-head button",
  check: ".studio-acts .button:not(.icon-only):not(.main)",
  publish: ".studio-acts a.main",
};
const POINTED_MS = 2400;

/** The button that brings the guide back, or closes it. */
export function GuideButton({ quiet = true }: { readonly quiet?: boolean }): JSX.Element {
  const open = useSyncExternalStore(subscribe, isOpen);
  return (
    <button
      type="button"
      className={quiet ? "button quiet" : "button"}
      aria-expanded={open}
      onClick={() => {
        setOpen(!open);
        if (!open) enterGuide();
      }}
    >
      {w("guide")}
    </button>
  );
}

/** Bring the guide into sight, once it is drawn. */
export function enterGuide(): void {
  window.requestAnimationFrame(() => document.querySelector(".guide")?.scrollIntoView({ block: "nearest" }));
}

export function Guide(): JSX.Element | null {
  const open = useSyncExternalStore(subscribe, isOpen);
  return open ? <Steps /> : null;
}

function Steps(): JSX.Element {
  const view = useView();
  const choose = useChoose();
  const heading = useId();
  const seen: Seen = {
    docs: view.docs,
    live: page().live,
    roles: page().roles,
    errors: view.findings.filter((one) => one.severity === "error").length,
  };
  const done = doneOf(seen);
  const next = nextOf(done);
  const [looked, setLooked] = useState<Step | null>(null);
  const shown = looked ?? next;
  const show = (step: Step): void => {
    const place = placeOf(step, seen);
    if (place !== undefined) choose(place.id);
    // What was chosen is drawn first.
    window.setTimeout(() => point(PLACES[step]), 50);
  };
  return (
    <section className="guide" aria-labelledby={heading}>
      <div className="guide-head">
        <h2 id={heading}>{w("guide_title")}</h2>
        <IconButton icon="cross" name={w("guide_close")} onPress={() => setOpen(false)} />
      </div>
      <p className="quiet" role="status">
        {w("guide_done", { done: done.size, count: STEPS.length, next: w(`guide_${next}`) })}
      </p>
      <ol>
        {STEPS.map((step) => (
          <li key={step} className={done.has(step) ? "done" : ""} aria-current={step === next ? "step" : undefined}>
            <button
              type="button"
              className="plain"
              aria-expanded={step === shown}
              onClick={() => setLooked(step === shown && step !== next ? null : step)}
            >
              <span className="guide-mark">{done.has(step) ? <Icon name="check" /> : null}</span>
              {w(`guide_${step}`)}
              {done.has(step) ? <span className="visually-hidden">{w("guide_is_done")}</span> : null}
            </button>
            {step === shown ? (
              <div className="guide-text">
                <p>{w(`guide_${step}_text`)}</p>
                <button type="button" className="button" onClick={() => show(step)}>
                  {w("guide_show")}
                </button>
              </div>
            ) : null}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Put the focus on a place and let it be seen for a moment. */
function point(selector: string): void {
  const found = document.querySelector<HTMLElement>(selector);
  if (found === null) return;
  found.scrollIntoView({ block: "center" });
  found.focus();
  found.classList.add("pointed");
  window.setTimeout(() => found.classList.remove("pointed"), POINTED_MS);
}
