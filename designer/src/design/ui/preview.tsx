/** What the draft makes of an object for somebody: the server's own pages, in a frame of a chosen width. */

import { useEffect, useRef, useState, type JSX } from "react";
import { kindOf, labelOf, nameOf, ofKind, type Doc } from "../model/documents";
import { at, isList, textOf } from "../model/json";
import { partsOf } from "../model/screens/fields";
import { useView, useWorkbench } from "./desk";
import { useWholeWidth } from "./whole_width";
import { page, w } from "./words";

const PAGES = ["form", "list", "record"] as const;
const WIDTHS = [375, 768, 1280] as const;

/** Kinds of documents that can be looked at. */
export function hasPreview(kind: string): boolean {
  return kind === "object" || kind === "form" || kind === "view";
}

export function Preview({ doc }: { readonly doc: Doc }): JSX.Element {
  useWholeWidth();
  const { docs } = useView();
  const { language, save } = useWorkbench();
  const kind = kindOf(doc);
  const object = kind === "object" ? nameOf(doc) : textOf(doc.content.object);
  const [shown, setShown] = useState<string>(kind === "view" ? "list" : "form");
  const [role, setRole] = useState(firstOf(doc));
  const [type, setType] = useState("");
  const [tongue, setTongue] = useState<string>(language);
  const [width, setWidth] = useState<number>(() => (window.innerWidth < WIDTHS[1] ? WIDTHS[0] : WIDTHS[2]));
  const [saved, setSaved] = useState<boolean | null>(null);
  useEffect(() => {
    let away = false;
    void save().then((done) => {
      if (!away) setSaved(done);
    });
    return () => {
      away = true;
    };
  }, [save, doc]);
  const asked = new URLSearchParams({ language: tongue });
  if (role !== "") asked.set("role", role);
  if (type !== "") asked.set("record_type", type);
  if (kind === "form" && shown === "form") asked.set("form", nameOf(doc));
  if (kind === "view" && shown === "list") asked.set("view", nameOf(doc));
  const roles = ofKind(docs, "role").map((one) => [nameOf(one), labelOf(one.content, language)] as const);
  const types = partsOf(docs, object, "record_types").map((one) => [textOf(one.name), labelOf(one, language)] as const);
  const any = ["", w("preview_any")] as const;
  return (
    <div className="preview">
      <div className="preview-asks">
        <Ask name={w("preview_page")} value={shown} set={setShown} options={PAGES.map((one) => [one, w(`preview_${one}`)])} />
        <Ask name={w("preview_role")} value={role} set={setRole} options={[any, ...roles]} />
        {types.length === 0 ? null : (
          <Ask name={w("preview_type")} value={type} set={setType} options={[any, ...types]} />
        )}
        <Ask
          name={w("preview_language")}
          value={tongue}
          set={setTongue}
          options={[
            ["zh", w("in_zh")],
            ["en", w("in_en")],
          ]}
        />
        <Ask
          name={w("preview_width")}
          value={String(width)}
          set={(wanted) => setWidth(Number(wanted))}
          options={WIDTHS.map((one) => [String(one), `${one} px`])}
        />
      </div>
      {saved === false ? <p className="message warn">{w("preview_unsaved")}</p> : null}
      {saved === null ? (
        <p className="quiet" role="status">
          {w("preview_saving")}
        </p>
      ) : (
        <Framed
          title={w("preview_frame", { name: labelOf(doc.content, language) })}
          address={`/design/${page().draft}/preview/${object}/${shown}?${asked.toString()}`}
          width={width}
        />
      )}
    </div>
  );
}

/** Return the first role that a form is for; nobody else would get it. */
function firstOf(doc: Doc): string {
  const roles = at(doc.content, ["for", "roles"]);
  return isList(roles) ? textOf(roles[0]) : "";
}

/** A page in a frame of its width, drawn smaller where there is less room for it. */
function Framed(props: {
  readonly title: string;
  readonly address: string;
  readonly width: number;
}): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState({ width: props.width, height: 600 });
  useEffect(() => {
    const frame = place.current;
    if (frame === null) return;
    const watch = new ResizeObserver(() => setRoom({ width: frame.clientWidth, height: frame.clientHeight }));
    watch.observe(frame);
    return () => watch.disconnect();
  }, []);
  const scale = Math.min(1, room.width / props.width);
  return (
    <div className="preview-frame" ref={place}>
      <iframe
        title={props.title}
        src={props.address}
        style={{
          width: props.width,
          height: room.height / scale,
          transform: `scale(${scale})`,
          left: Math.max(0, (room.width - props.width * scale) / 2),
        }}
      />
    </div>
  );
}

function Ask(props: {
  readonly name: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly options: readonly (readonly [string, string])[];
}): JSX.Element {
  return (
    <label>
      {props.name}
      <select className="input" value={props.value} onChange={(event) => props.set(event.target.value)}>
        {props.options.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}
