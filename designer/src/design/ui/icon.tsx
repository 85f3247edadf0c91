/** Line icons on a 24 grid, always beside words or in a named control. */

import type { JSX } from "react";

const PATHS = {
  undo: "M9 7 4.5 11.5 9 16M5 11.5h9a5.5 5.5 0 0 1 0 11h-2",
  redo: "M15 7l4.5 4.5L15 16M19 11.5h-9a5.5 5.5 0 0 0 0 11h2",
  plus: "M12 5v14M5 12h14",
  cross: "M6 6l12 12M18 6 6 18",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 12.5h8L17 7",
  up: "M6 14.5 12 8.5l6 6",
  down: "M6 9.5 12 15.5l6-6",
  next: "M9.5 5 16 12l-6.5 7",
  alert: "M12 4 2.8 19.5h18.4zM12 10v4M12 17h.01",
  check: "M4.5 12.5 9.5 17.5 19.5 7",
  grip: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01",
  eye: "M2.5 12c3-5.5 6.3-7 9.5-7s6.5 1.5 9.5 7c-3 5.5-6.3 7-9.5 7s-6.5-1.5-9.5-7ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  panel: "M3.5 5h17v14h-17zM15 5v14",
  code: "M8 7l-5 5 5 5M16 7l5 5-5 5",
  back: "M14.5 5 8 12l6.5 7",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** A button that shows an icon alone and says its name to who listens. */
export function IconButton(props: {
  readonly icon: IconName;
  readonly name: string;
  readonly onPress: () => void;
  readonly disabled?: boolean;
}): JSX.Element {
  return (
    <button
      type="button"
      className="button quiet icon-only"
      aria-label={props.name}
      title={props.name}
      disabled={props.disabled ?? false}
      onClick={props.onPress}
    >
      <Icon name={props.icon} />
    </button>
  );
}
