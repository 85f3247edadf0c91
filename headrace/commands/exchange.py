"""Records in and out of files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from headrace.commands.accounts import NO_USER
from headrace.commands.shell import Shell, json_option, open_shell
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Text
from headrace.platform.exchange.batches import Finding, ImportBatch, read_findings
from headrace.platform.exchange.error_files import write_error_file
from headrace.platform.exchange.exporting import ExportRequest, Format, export_records
from headrace.platform.exchange.importing import Following
from headrace.platform.exchange.requests import EMPTY_CELLS, MODES, read_request
from headrace.platform.metadata.strict_json import parse_json
from headrace.platform.runtime import Platform

MOST_BYTES: Final = 64 * 1024 * 1024
SHOWN_ERRORS: Final = 50
ALL_ERRORS: Final = 1_000_000

BAD_FILE: Final = Message(
    "import.no_file",
    "The file “{name}” is not there, or larger than {limit} MB.",
    "文件“{name}”不存在，或大于 {limit} MB。",
    "Check the path, or split the file.",
    "请检查路径，或拆分文件。",
)
BAD_MAP: Final = Message(
    "import.invalid_map",
    "The map is no JSON object of column names and fields.",
    "映射不是由列名和字段组成的 JSON 对象。",
    "Give each column of the file the name of a field, or null; in a file or in place.",
    "请为文件的每一列指定字段名或 null，可放在文件中或直接填写。",
)
SAID: Final[Mapping[str, Text]] = {
    "done": Text("Imported", "已导入"),
    "checked": Text("Checked, nothing was changed", "检查完毕，未做任何更改"),
    "refused": Text("Refused, nothing was changed", "已拒绝，未做任何更改"),
    "cancelled": Text("Cancelled", "已取消"),
    "failed": Text("Failed", "失败"),
}


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    main.add_command(import_file)
    main.add_command(export_file)


as_option = click.option(
    "--as", "login", help="Act with the rights of this user; without it, with all rights."
)


@click.command("import")
@click.argument("object_name", metavar="OBJECT")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--map", "mapping", help='{"column": "field", "column": null}, or a file with it.')
@click.option("--key", help="Field by which records are matched; default the first external id.")
@click.option("--mode", type=click.Choice(MODES), default="create", show_default=True)
@click.option("--partial", is_flag=True, help="Import what is right; without it all or nothing.")
@click.option("--dry-run", is_flag=True, help="Find what is wrong; change nothing.")
@click.option("--errors", type=click.Path(path_type=Path), help="File for the rows not taken.")
@click.option("--sheet", help="Sheet of a workbook; the first visible one without it.")
@click.option("--empty", type=click.Choice(EMPTY_CELLS), default="keep", show_default=True)
@click.option("--migrate", is_flag=True, help="Also load state, numbers and times.")
@as_option
@json_option
def import_file(
    object_name: str,
    file: Path,
    mapping: str | None,
    errors: Path | None,
    login: str | None,
    as_json: bool,  # noqa: FBT001 - click
    **options: Any,
) -> None:
    """Import records of OBJECT from FILE (CSV or XLSX)."""
    shell = open_shell(as_json=as_json)
    data = _content(file)
    request = read_request(object_name, file.name, {**options, "map": _map(mapping)})
    with shell.platform() as platform:
        user_id = _user(platform, login)
        following = Following(report=_telling(shell))
        batch = platform.imports.import_now(platform, user_id, request, data, following)
        with platform.database.reading() as reading:
            found = read_findings(reading.connection, batch.id, limit=ALL_ERRORS)
            if errors is not None and found:
                with write_error_file(reading.connection, batch, shell.language) as written:
                    errors.write_bytes(written.read())
    shell.data(_shown(batch, found, shell.language), _lines(batch, found, shell.language))
    failed = any(one.problem["severity"] == "error" for one in found) or batch.state == "refused"
    raise SystemExit(1 if failed else 0)


@click.command("export-records")
@click.argument("object_name", metavar="OBJECT")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--filter", "condition", help="Filter as in the API, JSON.")
@click.option("--sort", help="Fields to sort by, such as -day,code.")
@click.option("--fields", help="Fields to write, such as code,partner.name; all without it.")
@click.option("--labels", is_flag=True, help="Labels and titles for people, not names and keys.")
@as_option
def export_file(
    object_name: str,
    file: Path,
    condition: str | None,
    sort: str | None,
    fields: str | None,
    labels: bool,  # noqa: FBT001 - click
    login: str | None,
) -> None:
    """Write the records of OBJECT to FILE (.csv or .xlsx)."""
    shell = open_shell()
    kind: Format = "xlsx" if file.suffix.lower() == ".xlsx" else "csv"
    given = {"filter": condition, "sort": sort, "fields": fields}
    query = {name: value for name, value in given.items() if value}
    request = ExportRequest(object_name, kind, query, shown=labels)
    with shell.platform() as platform:
        written = platform.read_as(
            _user(platform, login), lambda context: export_records(context, request)
        )
    with written, file.open("wb") as target:
        shutil.copyfileobj(written, target)
    shell.say(Text(f"Written to {file}.", f"已写入 {file}。"))


def _content(file: Path) -> bytes:
    if not file.is_file() or file.stat().st_size > MOST_BYTES:
        raise RefusedError(BAD_FILE.at(name=file, limit=MOST_BYTES // 1024 // 1024))
    return file.read_bytes()


def _map(given: str | None) -> Mapping[str, Any] | None:
    if given is None:
        return None
    inline = given.lstrip().startswith("{")
    data = given.encode() if inline else _content(Path(given))
    parsed = parse_json(data)
    if parsed.problems or not isinstance(parsed.value, dict):
        raise RefusedError(*(parsed.problems or (BAD_MAP.at("/map"),)))
    return parsed.value


def _user(platform: Platform, login: str | None) -> str | None:
    if login is None:
        return None
    user = platform.identity.user_by_login(login)
    if user is None:
        raise RefusedError(NO_USER.at(login=login))
    return user.id


def _telling(shell: Shell) -> Any:
    def tell(done: int, total: int, text: Text) -> None:
        if not shell.as_json:
            click.echo(f"{text.within(shell.language)} {done}/{total}", err=True)

    return tell


def _shown(batch: ImportBatch, found: list[Finding], language: str) -> dict[str, Any]:
    problems = [
        {**one, **{name: one[name].get(language) for name in ("message", "hint")}}
        for one in batch.problems
    ]
    return {
        "import": batch.id,
        "state": batch.state,
        **batch.counts.render(),
        "problems": problems,
        "errors": [one.render(language) for one in found],
    }


def _lines(batch: ImportBatch, found: list[Finding], language: str) -> Iterator[str]:
    counts = batch.counts
    yield Text(
        f"{SAID[batch.state].en}: {counts.rows} rows; {counts.created} created,"
        f" {counts.updated} updated, {counts.refused} refused. Import {batch.id}.",
        f"{SAID[batch.state].zh}：共 {counts.rows} 行；新建 {counts.created} 条，"
        f"更新 {counts.updated} 条，拒绝 {counts.refused} 条。导入编号 {batch.id}。",
    ).within(language)
    for problem in batch.problems:
        yield f"{problem['severity']} {problem['code']}: {problem['message'].get(language)}"
        if problem["hint"].get(language):
            yield f"    {problem['hint'].get(language)}"
    for one in found[:SHOWN_ERRORS]:
        shown = one.render(language)
        place = json.dumps(shown["column"], ensure_ascii=False) if shown["column"] else ""
        sheet = f"{one.sheet}!" if one.sheet else ""
        row = Text(f"row {sheet}{one.row}", f"第 {sheet}{one.row} 行").within(language)
        yield f"{row} {place} {shown['code']}: {shown['message']}"
    if len(found) > SHOWN_ERRORS:
        more = len(found) - SHOWN_ERRORS
        yield Text(f"and {more} more", f"另有 {more} 处").within(language)
