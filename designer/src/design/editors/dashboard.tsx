/** A dashboard as it will look: tiles of reports on a grid of four columns, with their numbers. */

import { useState, type DragEvent, type JSX, type KeyboardEvent } from "react";
import { insertItem } from "../model/commands/insert_item";
import { moveItem } from "../model/commands/move_item";
import { removeItem } from "../model/commands/remove_item";
import { setValue } from "../model/commands/set_value";
import { find, freeName, labelOf, nameOf, ofKind, type Doc } from "../model/documents";
import { isList, isObject, textOf, type JsonObject } from "../model/json";
import { findingsAt, useChoose, useRun, useView, useWorkbench } from "../ui/desk";
import { IconButton } from "../ui/icon";
import { w } from "../ui/words";
import { useFollowing } from "./parts/following";
import { amount, Chart, Table } from "./report/result";
import { useRunning } from "./report/running";

const TILES = ["tiles"] as const;
const TILE = "application/x-headrace-tile";
const REPORT = "application/x-headrace-tile-report";
const WIDTHS = [1, 2, 3, 4] as const;
const FIRST_LINES = 5;

export function DashboardEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const run = useRun();
  const choose = useChoose();
  const [over, setOver] = useState<number | null>(null);
  const tiles = isList(doc.content.tiles) ? doc.content.tiles.filter(isObject) : [];
  const add = (report: string, position: number): void => {
    const name = freeName(report.slice(0, 36), tiles.map((one) => textOf(one.name)));
    run(insertItem(doc.id, TILES, position, { name, report, kind: "number", width: 1 }));
    choose(doc.id, ["tiles", position]);
  };
  const drop = (event: DragEvent, position: number): void => {
    event.preventDefault();
    event.stopPropagation();
    setOver(null);
    const report = event.dataTransfer.getData(REPORT);
    const from = event.dataTransfer.getData(TILE);
    if (report !== "") add(report, position);
    else if (from !== "") run(moveItem(doc.id, TILES, Number(from), position));
  };
  return (
    <div className="screen-editor board-editor">
      <Reports onAdd={(report) => add(report, tiles.length)} />
      <div onDragEnd={() => setOver(null)}>
        <p className="quiet">{w("tile_keys")}</p>
        <ol
          className="board"
          aria-label={w("tiles")}
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => drop(event, tiles.length)}
        >
          {tiles.map((tile, position) => (
            <Tile
              key={textOf(tile.name) || position}
              {...{ doc, tile, position }}
              last={position === tiles.length - 1}
              isOver={over === position}
              onOver={() => setOver(position)}
              onDrop={(event) => drop(event, position)}
            />
          ))}
          {tiles.length === 0 ? <li className="form-empty">{w("no_tiles")}</li> : null}
        </ol>
      </div>
    </div>
  );
}

function Reports({ onAdd }: { readonly onAdd: (report: string) => void }): JSX.Element {
  const { docs } = useView();
  const { language } = useWorkbench();
  return (
    <div className="palette" role="group" aria-label={w("add_tile")}>
      <h3>{w("add_tile")}</h3>
      <p className="quiet">{w("add_tile_text")}</p>
      <ul>
        {ofKind(docs, "report").map((one) => (
          <li key={one.id}>
            <button
              type="button"
              className="palette-type"
              draggable
              onDragStart={(event) => event.dataTransfer.setData(REPORT, nameOf(one))}
              onClick={() => onAdd(nameOf(one))}
            >
              {labelOf(one.content, language)}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Tile(props: {
  readonly doc: Doc;
  readonly tile: JsonObject;
  readonly position: number;
  readonly last: boolean;
  readonly isOver: boolean;
  readonly onOver: () => void;
  readonly onDrop: (event: DragEvent) => void;
}): JSX.Element {
  const { doc, tile, position } = props;
  const view = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const follow = useFollowing();
  const report = find(view.docs, "report", textOf(tile.report));
  const label = (isObject(tile.label) ? labelOf(tile, language) : "") || labelOf(report?.content, language);
  const width = typeof tile.width === "number" ? tile.width : 1;
  const isChosen = view.chosen?.path[0] === "tiles" && view.chosen.path[1] === position;
  const wrong = findingsAt(view, doc, ["tiles", position]).some((one) => one.severity === "error");
  const press = (event: KeyboardEvent): void => {
    const back = event.key === "ArrowLeft" || event.key === "ArrowUp";
    const on = event.key === "ArrowRight" || event.key === "ArrowDown";
    if (event.key === "Delete") run(removeItem(doc.id, [...TILES, position], false));
    else if (event.altKey && ((back && position > 0) || (on && !props.last))) {
      const to = position + (back ? -1 : 1);
      follow(`tile.${to}`);
      run(moveItem(doc.id, TILES, position, to));
      choose(doc.id, ["tiles", to]);
    } else return;
    event.preventDefault();
  };
  const classes = ["board-tile", `span-${width}`, isChosen ? "chosen" : "", props.isOver ? "over" : "", wrong ? "wrong" : ""];
  return (
    <li
      className={classes.filter((one) => one !== "").join(" ")}
      draggable
      onDragStart={(event) => event.dataTransfer.setData(TILE, String(position))}
      onDragOver={(event) => {
        event.preventDefault();
        event.stopPropagation();
        props.onOver();
      }}
      onDrop={props.onDrop}
      onClick={() => choose(doc.id, ["tiles", position])}
    >
      <div className="tile-head">
        <button type="button" className="plain" data-place={`tile.${position}`} title={w("move_keys_across")} onKeyDown={press}>
          {label || textOf(tile.report)}
        </button>
        <select
          aria-label={w("tile_width", { name: label })}
          value={width}
          onClick={(event) => event.stopPropagation()}
          onChange={(event) => run(setValue(doc.id, ["tiles", position, "width"], Number(event.target.value)))}
        >
          {WIDTHS.map((one) => (
            <option key={one} value={one}>
              {one}/4
            </option>
          ))}
        </select>
        <IconButton
          icon="trash"
          name={`${w("remove")}: ${label}`}
          onPress={() => {
            run(removeItem(doc.id, [...TILES, position], false));
            choose(doc.id);
          }}
        />
      </div>
      {report === undefined ? <p className="error">{w("report_gone")}</p> : <Inside report={report} tile={tile} />}
    </li>
  );
}

function Inside({ report, tile }: { readonly report: Doc; readonly tile: JsonObject }): JSX.Element {
  const ran = useRunning(nameOf(report), report.content);
  const { result } = ran;
  if (result === null) return <p className="quiet">{ran.running ? "···" : ran.problem}</p>;
  if (tile.kind === "chart" && result.chart !== null) return <Chart spec={result.chart} title={result.title} />;
  if (tile.kind !== "number") return <Table result={result} most={FIRST_LINES} />;
  const wanted = result.measures.findIndex((one) => one.name === tile.measure);
  return <p className="board-number">{amount(result.total[Math.max(0, wanted)])}</p>;
}
