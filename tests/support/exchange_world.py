"""A small workspace for import and export: every kind of value, children, trees, two firms."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import openpyxl

from headrace.platform.exchange.batches import Finding, ImportBatch, read_findings
from headrace.platform.exchange.bulk_tables import BULK, BULK_RECORD
from headrace.platform.exchange.error_files import write_error_file
from headrace.platform.exchange.exporting import ExportRequest, export_records
from headrace.platform.exchange.requests import read_request
from headrace.platform.exchange.tables import (
    IMPORT,
    IMPORT_BAD_ROW,
    IMPORT_ERROR,
    IMPORT_RECORD,
)
from headrace.platform.jobs.tables import JOB
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.folders import Modules
from tests.support.documents import label
from tests.support.live import Live, open_filled

KINDS = [
    {"value": "raw", "label": label("Raw material", "原料")},
    {"value": "made", "label": label("Finished good", "成品")},
]


def _field(name: str, type_: str, en: str, zh: str, **keys: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, "label": label(en, zh), **keys}


DOCUMENTS: list[dict[str, Any]] = [
    {
        "kind": "module",
        "name": "exchange_world",
        "version": "1.0.0",
        "label": label("Exchange", "交换"),
        "menu": [{"label": label("Goods", "货品"), "object": "good"}],
    },
    {"kind": "role", "name": "keeper", "label": label("Keeper", "管理员"), "design": True},
    {"kind": "role", "name": "loader", "label": label("Loader", "迁移员"), "migrate": True},
    {
        "kind": "role",
        "name": "partner",
        "label": label("Partner", "伙伴"),
        "audience": "partner",
    },
    {
        "kind": "object",
        "name": "firm",
        "label": label("Firm", "公司"),
        "acts_as": "organisation",
        "title": "name",
        "scope_paths": {"organisation": "id"},
        "fields": [
            _field("code", "text", "Code", "编码", length=40, external_id=True, required=True),
            _field("name", "text", "Name", "名称", length=80, required=True),
            _field("parent", "tree", "Parent", "上级"),
        ],
    },
    {
        "kind": "object",
        "name": "good",
        "label": label("Good", "货品"),
        "plural": label("Goods", "货品"),
        "title": "name",
        "history": True,
        "search": ["code", "name"],
        "scope_paths": {"organisation": "firm"},
        "fields": [
            _field("code", "text", "Code", "编码", length=60, external_id=True, required=True),
            _field("name", "text", "Name", "名称", length=200),
            _field("firm", "lookup", "Firm", "公司", to="firm", default="MY_ORGANISATION()"),
            _field("kind", "choice", "Kind", "类别", choices=KINDS),
            _field("price", "money", "Price", "价格"),
            _field("stock", "integer", "Stock", "库存"),
            _field("weight", "decimal", "Weight", "重量", precision=18, scale=6),
            _field("tax", "percent", "Tax", "税率"),
            _field("active", "boolean", "Active", "启用"),
            _field("made_on", "date", "Made on", "生产日期"),
            _field("seen_at", "datetime", "Seen at", "检查时间"),
            _field("phone", "phone", "Phone", "电话"),
            _field("remark", "long_text", "Remark", "备注", length=100000),
            _field("cost", "money", "Cost", "成本", audience="internal"),
            _field("keeper", "user", "Keeper", "保管人"),
        ],
    },
    {
        "kind": "object",
        "name": "slip",
        "label": label("Slip", "单据"),
        "title": "code",
        "scope_paths": {"organisation": "firm"},
        "fields": [
            _field("code", "text", "Code", "编号", length=40, external_id=True, required=True),
            _field("firm", "lookup", "Firm", "公司", to="firm", default="MY_ORGANISATION()"),
            _field("day", "date", "Day", "日期"),
            _field("total", "rollup", "Total", "合计", op="sum", of="slip_line.qty", by="slip"),
            _field("status", "state", "Status", "状态", workflow="slip_flow"),
        ],
        "children": [
            {
                "name": "lines",
                "object": "slip_line",
                "by": "slip",
                "label": label("Lines", "明细"),
                "min": 1,
            }
        ],
    },
    {
        "kind": "object",
        "name": "slip_line",
        "label": label("Slip line", "单据明细"),
        "fields": [
            _field("slip", "master_detail", "Slip", "单据", to="slip"),
            _field("good", "lookup", "Good", "货品", to="good", required=True),
            _field("qty", "quantity", "Quantity", "数量", required=True, least="0.001"),
        ],
    },
    {
        "kind": "workflow",
        "name": "slip_flow",
        "object": "slip",
        "field": "status",
        "states": [
            {"name": "draft", "label": label("Draft", "草稿"), "initial": True},
            {"name": "closed", "label": label("Closed", "已关闭"), "final": True},
        ],
        "transitions": [
            {"name": "close", "from": ["draft"], "to": "closed", "label": label("Close", "关闭")}
        ],
    },
]
ALL = ["create", "read", "update", "delete"]
for _name in ("firm", "good", "slip"):
    _transitions = {"transitions": ["close"]} if _name == "slip" else {}
    DOCUMENTS.append(
        {
            "kind": "permission",
            "name": _name,
            "object": _name,
            "grants": [
                {"role": "keeper", "actions": ALL, "scope": "all", **_transitions},
                {"role": "loader", "actions": [*ALL, "migrate"], "scope": "all"},
                {
                    "role": "partner",
                    "actions": ["read"] if _name == "firm" else ["create", "read", "update"],
                    "scope": "organisation",
                },
            ],
        }
    )


class Exchange(Live):
    """The live platform with short words for imports and exports."""

    def load(
        self, object_name: str, data: bytes, name: str = "f.csv", who: str = "kim", **options: Any
    ) -> ImportBatch:
        request = read_request(object_name, name, options)
        user = None if who == "system" else self.ids[who]
        return self.platform.imports.import_now(self.platform, user, request, data)

    def errors(self, batch: ImportBatch) -> list[Finding]:
        with self.platform.database.reading() as reading:
            return read_findings(reading.connection, batch.id, limit=100_000)

    def codes(self, batch: ImportBatch) -> list[tuple[int, str | None, str]]:
        return [(one.row, one.column, str(one.problem["code"])) for one in self.errors(batch)]

    def error_file(self, batch: ImportBatch, language: str = "en") -> bytes:
        with (
            self.platform.database.reading() as reading,
            write_error_file(reading.connection, batch, language) as file,
        ):
            return file.read()

    def export(
        self,
        object_name: str,
        kind: Any = "csv",
        who: str = "kim",
        *,
        shown: bool = False,
        **query: Any,
    ) -> bytes:
        request = ExportRequest(object_name, kind, query, shown=shown)
        user = None if who == "system" else self.ids[who]
        with self.platform.read_as(user, lambda context: export_records(context, request)) as file:
            return file.read()

    def rows(self, object_name: str, who: str = "kim", **query: Any) -> list[dict[str, Any]]:
        found = self.client(who).get(
            f"/api/v1/records/{object_name}", query_string={"limit": 200, **query}
        )
        assert found.status_code == 200, found.text
        return list(found.json["items"])

    def row(self, object_name: str, code: str, **query: Any) -> dict[str, Any]:
        return next(one for one in self.rows(object_name, **query) if one["code"] == code)

    def sweep(self) -> None:
        """Take away what tests made: records but the two firms, imports, jobs."""
        tables = self.platform.catalogs.current().tables
        kept = [self.ids["acme"], self.ids["rival"]]
        with self.platform.database.writing(None) as work:
            for name in ("slip_line", "slip", "good"):
                work.connection.execute(tables.of(name).table.delete())
            firm = tables.of("firm")
            work.connection.execute(firm.table.update().values({firm.columns["parent"]: None}))
            others = firm.table.delete().where(firm.id.not_in(kept))
            work.connection.execute(others)
            for table in (
                IMPORT,
                IMPORT_RECORD,
                IMPORT_ERROR,
                IMPORT_BAD_ROW,
                BULK,
                BULK_RECORD,
                JOB,
            ):
                work.connection.execute(table.delete())


def open_exchange(url: str, **settings: str) -> Exchange:
    return open_filled(Exchange, url, DOCUMENTS, _fill, **settings)


def _fill(live: Exchange) -> None:
    publisher = live.platform.publisher
    documents = tuple(Document("exchange_world", one) for one in DOCUMENTS)
    plan = publisher.plan_modules(Modules(("exchange_world",), documents, (), ()))
    publisher.publish(plan, "test", None)
    for code in ("acme", "rival"):
        live.ids[code] = live.create("firm", {"code": code, "name": f"Firm {code}"})
    live.add_user("kim", "keeper")
    live.add_user("lou", "loader")
    live.add_user("ann", "partner", organisation=live.ids["acme"])
    live.add_user("bob", "partner", organisation=live.ids["rival"])


def as_csv(*rows: Sequence[Any], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def as_workbook(
    *rows: Sequence[Any], more: dict[str, Sequence[Sequence[Any]]] | None = None
) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for name, others in (more or {}).items():
        extra = book.create_sheet(name)
        for row in others:
            extra.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
