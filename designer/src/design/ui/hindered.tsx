/** Why something is not saved, and what to do about it: below the bar, while it lasts. */

import { useState, type JSX } from "react";
import { Icon } from "./icon";
import type { Keeper, Kept } from "./keeper";
import { page, w } from "./words";

export function Hindered(props: { readonly kept: Kept; readonly keeper: Keeper }): JSX.Element | null {
  const { saving, refusals } = props.kept;
  if (saving === "closed") return <Closed {...props} />;
  const refused = [...new Set(refusals.values())].join(" ");
  const text =
    saving === "signed_out" || saving === "forbidden"
      ? w(`hindered_${saving}`)
      : refused === ""
        ? ""
        : `${w("refused")} ${refused}`;
  if (text === "") return null;
  return (
    <p className="message bad" role="alert">
      <Icon name="alert" />
      <span>
        {text}{" "}
        {saving === "signed_out" ? (
          <a href={`/sign-in?next=/design/${page().draft}`} target="_blank" rel="noopener">
            {w("sign_in_again")}
          </a>
        ) : null}
      </span>
    </p>
  );
}

function Closed({ kept, keeper }: { readonly kept: Kept; readonly keeper: Keeper }): JSX.Element {
  const [failed, setFailed] = useState("");
  const how = kept.ended?.how ?? "unknown";
  const unsent = keeper.hasUnsent();
  const moveOn = (): void => {
    keeper.moveOn().then(
      (draft) => window.location.assign(`/design/${draft}${window.location.hash}`),
      (error: unknown) => setFailed(error instanceof Error ? error.message : String(error)),
    );
  };
  return (
    <p className="message warn" role="alert">
      <Icon name="alert" />
      <span>
        {w(`ended_${how}`, { who: kept.ended?.by ?? "" })} {w(unsent ? "ended_unsent" : "ended_all_kept")}{" "}
        <button type="button" className="button" onClick={moveOn}>
          {w("go_on_elsewhere")}
        </button>
        {failed === "" ? null : <span className="error"> {failed}</span>}
      </span>
    </p>
  );
}
