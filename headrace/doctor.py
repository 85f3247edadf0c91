"""Looks at an installation and says what is well and what is not, with the remedy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

import headrace
from headrace.platform import runtime
from headrace.platform.core.errors import PlatformError
from headrace.platform.core.problems import Text
from headrace.platform.database.installing import missing_system_columns
from headrace.platform.files.store import count_files
from headrace.platform.jobs.broker_opening import checked_broker
from headrace.platform.jobs.queue import dead_count
from headrace.platform.jobs.worker import LANES
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.field_types.files import megabytes
from headrace.platform.runtime import Platform
from headrace.settings import Settings

OLDEST_PYTHON: Final = (3, 11)
NOTHING: Final = Text()
BUILD: Final = Path(headrace.__file__).parent / "static" / "build"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    ok: bool
    what: Text
    remedy: Text = NOTHING

    def render(self, language: str) -> dict[str, object]:
        """Return the JSON form in one language."""
        shown = {"ok": self.ok, "what": self.what.within(language)}
        return shown if self.ok else {**shown, "remedy": self.remedy.within(language)}


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield what is found about installation, database, queue and metadata."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding(
        sys.version_info >= OLDEST_PYTHON,
        Text(f"Python {version}", f"Python {version}"),
        Text("Install Python 3.11 or newer.", "请安装 Python 3.11 或更高版本。"),
    )
    yield Finding(
        (BUILD / ".vite" / "manifest.json").is_file() or (BUILD / "manifest.json").is_file(),
        Text("Front end built", "前端已构建"),
        Text("Run ./run once, it builds the front end.", "运行一次 ./run 即可构建前端。"),
    )
    yield Finding(
        settings.secret_key is not None,
        Text("Secret key set", "已设置密钥"),
        Text("Set HEADRACE_SECRET_KEY.", "请设置 HEADRACE_SECRET_KEY。"),
    )
    try:
        platform = runtime.build(settings)
    except PlatformError as error:
        first = error.problems[0]
        yield Finding(False, first.message, first.hint)
        return
    try:
        yield from _examine_workspace(platform)
    finally:
        platform.close()


def _examine_workspace(platform: Platform) -> Iterator[Finding]:
    live = platform.catalogs.refresh()
    number = live.version
    yield Finding(True, Text(f"Database reached, version {number}", f"数据库可用，版本 {number}"))
    problems = [one for one in run_checks(live.catalog) if one.severity == "error"]
    yield Finding(
        not problems,
        Text(f"Metadata checked: {len(problems)} problems", f"元数据检查：{len(problems)} 个问题"),
        Text(
            "Run `headrace export` and `headrace check`.",
            "请运行 `headrace export` 与 `headrace check`。",
        ),
    )
    with platform.database.reading() as reading:
        lacking = [str(one) for one in missing_system_columns(reading.connection)]
    yield Finding(
        not lacking,
        Text(
            f"System tables of this version: {len(lacking)} columns missing",
            f"系统表与本版本一致：缺少 {len(lacking)} 列",
        ),
        Text(
            f"Run `headrace init`, it adds them: {', '.join(lacking[:5])}.",
            f"请运行 `headrace init` 补齐：{', '.join(lacking[:5])}。",
        ),
    )
    missing = list(_missing_columns(platform))
    yield Finding(
        not missing,
        Text(
            f"Tables match the metadata: {len(missing)} columns missing",
            f"数据表与元数据一致：缺少 {len(missing)} 列",
        ),
        Text(
            f"Restore a backup; missing: {', '.join(missing[:5])}.",
            f"请恢复备份；缺少：{', '.join(missing[:5])}。",
        ),
    )
    yield Finding(True, _kept(platform))
    with platform.database.reading() as reading:
        count, size, broken = count_files(reading.connection)
    yield Finding(
        broken == 0,
        Text(
            f"Files: {count}, {megabytes(size)} MB, {broken} without their content",
            f"文件：{count} 个，{megabytes(size)} MB,{broken} 个缺少内容",
        ),
        Text("Restore a backup of the whole database.", "请恢复整个数据库的备份。"),
    )
    yield from _examine_broker(platform.settings.broker_url)
    with platform.database.reading() as reading:
        dead = dead_count(reading.connection)
    yield Finding(
        dead == 0,
        Text(f"Jobs given up: {dead}", f"已放弃的作业：{dead}"),
        Text(
            "Open “Jobs” in the menu, look at their errors, then let them be tried again.",
            "请在菜单中打开“作业”，查看错误后重试。",
        ),
    )


def _examine_broker(url: str) -> Iterator[Finding]:
    if not url:
        yield Finding(
            True, Text("No broker: servers do the jobs", "未配置消息代理：由服务器执行作业")
        )
        return
    try:
        broker = checked_broker(url)
        counts = {lane: broker.queued(lane) for lane in LANES}
        broker.close()
    except PlatformError as error:
        yield Finding(False, error.problems[0].message, error.problems[0].hint)
        return
    told = ", ".join(f"{lane} {count}" for lane, count in counts.items())
    yield Finding(True, Text(f"Broker reached; messages: {told}", f"消息代理可用；消息数：{told}"))


def _kept(platform: Platform) -> Text:
    """Say what is kept of dropped definitions, and what goes next."""
    kept = platform.sweeper.kept()
    if not kept:
        return Text("Nothing kept of dropped definitions", "没有保留已移除定义的数据")
    tables = sum(1 for one in kept if one.name.kind == "object")
    columns, first = len(kept) - tables, kept[0]
    day = first.until.date().isoformat()
    return Text(
        f"Kept of dropped definitions: {tables} tables, {columns} columns; "
        f"{first.what.en} goes after {day}",
        f"为已移除的定义保留：{tables} 张表、{columns} 列；{first.what.zh}将于 {day} 之后删除",
    )


def _missing_columns(platform: Platform) -> Iterator[str]:
    live = platform.catalogs.current()
    with platform.database.reading() as reading:
        inspector = sa.inspect(reading.connection)
        for name in live.catalog.objects:
            table = live.tables.of(name).table
            if not inspector.has_table(table.name):
                yield table.name
                continue
            present = {column["name"] for column in inspector.get_columns(table.name)}
            yield from (
                f"{table.name}.{column.name}"
                for column in table.columns
                if column.name not in present
            )
