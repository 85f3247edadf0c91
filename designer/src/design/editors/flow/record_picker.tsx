/** Chooses a record of an object by searching for it. */

import { useEffect, useId, useState, type JSX } from "react";
import { w } from "../../ui/words";
import { records, type Found } from "./trying";

const WAIT = 250;

export function RecordPicker(props: {
  readonly object: string;
  readonly title: string;
  readonly label: string;
  readonly chosen: Found | null;
  readonly onChoose: (found: Found | null) => void;
}): JSX.Element {
  const { object, title, chosen, onChoose } = props;
  const id = useId();
  const [text, setText] = useState<string | null>(null);
  const [found, setFound] = useState<readonly Found[]>([]);
  const [at, setAt] = useState(0);
  const [error, setError] = useState("");
  useEffect(() => {
    if (text === null) return;
    let current = true;
    const timer = window.setTimeout(() => {
      records(object, title, text)
        .then((items) => {
          if (!current) return;
          setFound(items);
          setAt(0);
          setError(items.length === 0 ? w("try_none") : "");
        })
        .catch((reason: unknown) => {
          if (current) setError(reason instanceof Error ? reason.message : String(reason));
        });
    }, WAIT);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [object, title, text]);
  const take = (one: Found): void => {
    onChoose(one);
    setText(null);
    setFound([]);
  };
  return (
    <div className="record-picker">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        className="input"
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls={`${id}-found`}
        aria-activedescendant={found.length > 0 ? `${id}-${at}` : undefined}
        autoComplete="off"
        placeholder={w("try_seek")}
        value={text ?? chosen?.title ?? ""}
        onFocus={(event) => {
          event.target.select();
          setText("");
        }}
        onBlur={() =>
          window.setTimeout(() => {
            setText(null);
            setFound([]);
          }, 150)
        }
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          const one = found[at];
          if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
          else if (event.key === "Enter" && one !== undefined) take(one);
          else if (event.key === "Escape") setFound([]);
          else return;
          event.preventDefault();
        }}
      />
      {found.length > 0 ? (
        <ul id={`${id}-found`} role="listbox" aria-label={props.label}>
          {found.map((one, position) => (
            <li
              key={one.id}
              id={`${id}-${position}`}
              role="option"
              aria-selected={position === at}
              onMouseDown={(event) => {
                event.preventDefault();
                take(one);
              }}
            >
              {one.title}
            </li>
          ))}
        </ul>
      ) : null}
      {error === "" ? null : <p className="error">{error}</p>}
    </div>
  );
}
