/** The findings of the check; each leads to its place. */

import type { JSX } from "react";
import { fileOf, useChoose, useView } from "./desk";
import { IconButton } from "./icon";
import { w } from "./words";

export function Problems({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const view = useView();
  const choose = useChoose();
  const files = new Map([...view.docs.values()].map((doc) => [fileOf(doc), doc]));
  const found = [...view.findings].sort((one, other) => rank(one.severity) - rank(other.severity));
  return (
    <div className="findings" role="region" aria-label={w("findings")}>
      <div className="findings-head">
        <h2>{w("findings")}</h2>
        <IconButton icon="cross" name={w("close")} onPress={onClose} />
      </div>
      {found.length === 0 ? <p className="quiet">{w("no_problems_text")}</p> : null}
      <ul>
        {found.map((one, position) => {
          const doc = files.get(one.file);
          return (
            <li key={position} className={one.severity}>
              <button
                type="button"
                className="plain"
                disabled={doc === undefined}
                onClick={() => {
                  if (doc !== undefined) choose(doc.id, one.path);
                }}
              >
                <span>{one.message}</span>
                <small>
                  {one.hint} <code>{`${one.file} ${one.path.join(" / ")}`}</code>
                </small>
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function rank(severity: string): number {
  return severity === "error" ? 0 : 1;
}
