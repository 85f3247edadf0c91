"""The application that a person would write for the same tables: Flask, SQLAlchemy Core, marshmallow.

It reads the physical names from a JSON file that `compare.py` writes, and is otherwise a plain
application: a token looked up at each request, the territory predicate, exact decimals, one history
row and one number for each order. It is run by the same server with the same settings.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, g, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema
from sqlalchemy.dialects.postgresql import JSONB

from headrace.platform.core.ids import RandomIds

CONFIG = json.loads(Path(os.environ["BENCH_CONFIG"]).read_text(encoding="utf-8"))
SQLITE = CONFIG["database_url"].startswith("sqlite")
NAMES = CONFIG["names"]
FIELDS = CONFIG["field_ids"]
IDS = RandomIds()


class Exact(sa.TypeDecorator[Decimal]):
    """Two digits, exact on both databases."""

    impl = sa.Numeric(20, 2)
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(sa.BigInteger() if SQLITE else sa.Numeric(20, 2))

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return int(value.scaleb(2)) if SQLITE and value is not None else value

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        if value is None:
            return None
        return Decimal(value).scaleb(-2) if SQLITE else value


class Instant(sa.TypeDecorator[datetime]):
    """An instant in UTC; fixed-width text on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(sa.String() if SQLITE else sa.DateTime(timezone=True))

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return instant_text(value) if SQLITE and value is not None else value

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return datetime.fromisoformat(value) if SQLITE and value is not None else value


class Day(sa.TypeDecorator[date]):
    """A day; text on SQLite."""

    impl = sa.Date()
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(sa.String() if SQLITE else sa.Date())

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return value.isoformat() if SQLITE and value is not None else value

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return date.fromisoformat(value) if SQLITE and value is not None else value


def instant_text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


Id = sa.String(36) if SQLITE else sa.Uuid(as_uuid=False)
Json = sa.JSON().with_variant(JSONB(), "postgresql")
TYPES: dict[str, Any] = {
    "id": Id,
    "customer": Id,
    "area": Id,
    "parent": Id,
    "created_by": Id,
    "updated_by": Id,
    "amount": Exact(),
    "discount": Exact(),
    "payable": Exact(),
    "order_date": Day(),
    "created_at": Instant(),
    "updated_at": Instant(),
    "deleted_at": Instant(),
    "version": sa.BigInteger(),
    "priority": sa.BigInteger(),
}
METADATA = sa.MetaData()


def table(name: str) -> sa.Table:
    columns = [
        sa.Column(physical, TYPES.get(field, sa.String()), key=field)
        for field, physical in NAMES[name]["columns"].items()
    ]
    return sa.Table(NAMES[name]["table"], METADATA, *columns)


purchase, customer, area = table("purchase"), table("customer"), table("area")
token = sa.Table(
    "sys_token",
    METADATA,
    sa.Column("hash", sa.String()),
    sa.Column("user", Id),
    sa.Column("revoked", Instant()),
)
user = sa.Table(
    "sys_user",
    METADATA,
    sa.Column("id", Id),
    sa.Column("name", sa.String()),
    sa.Column("active", sa.Integer() if SQLITE else sa.Boolean()),
)
holding = sa.Table(
    "sys_user_role",
    METADATA,
    sa.Column("user", Id),
    sa.Column("role", sa.String()),
    sa.Column("territory", Id),
)
history = sa.Table(
    "sys_history",
    METADATA,
    sa.Column("id", Id),
    sa.Column("object_id", sa.String()),
    sa.Column("record_id", Id),
    sa.Column("version", sa.BigInteger()),
    sa.Column("at", Instant()),
    sa.Column("user", Id),
    sa.Column("action", sa.String()),
    sa.Column("changes", Json),
    sa.Column("metadata_version", sa.BigInteger()),
)
counter = sa.Table(
    "sys_counter",
    METADATA,
    sa.Column("field_id", sa.String(), primary_key=True),
    sa.Column("period", sa.String(), primary_key=True),
    sa.Column("value", sa.BigInteger()),
)


def connect() -> sa.Engine:
    engine = sa.create_engine(CONFIG["database_url"], pool_size=8)
    if SQLITE:

        @sa.event.listens_for(engine, "connect")
        def prepare(raw: Any, _record: Any) -> None:
            raw.isolation_level = None
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute("PRAGMA synchronous=FULL")
            raw.execute("PRAGMA busy_timeout=10000")
            raw.execute("PRAGMA foreign_keys=ON")

        @sa.event.listens_for(engine, "begin")
        def begin(connection: sa.Connection) -> None:
            mode = connection.get_execution_options().get("mode", "DEFERRED")
            connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


ENGINE = connect()
app = Flask(__name__)


class DecimalText(fields.Decimal):
    """Decimals as text, two digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(places=2, as_string=True, **kwargs)


class InstantText(fields.Field[datetime]):
    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else instant_text(value)


class Reference(fields.Field[Any]):
    """Goes out as id and title."""

    def __init__(self, title: str) -> None:
        super().__init__(dump_only=True)
        self.title = title

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else {"id": value, "title": obj[self.title]}


class PurchaseOut(Schema):
    id = fields.String()
    version = fields.Integer()
    created_at = InstantText()
    created_by = Reference("created_by_name")
    updated_at = InstantText()
    updated_by = Reference("updated_by_name")
    order_no = fields.String()
    customer = Reference("customer_name")
    order_date = fields.Date()
    order_type = fields.String()
    source = fields.String()
    amount = DecimalText()
    discount = DecimalText()
    payable = DecimalText()
    priority = fields.Integer()
    note = fields.String()
    status = fields.String()


class PurchaseIn(Schema):
    class Meta:
        unknown = RAISE

    customer = fields.UUID(required=True)
    order_date = fields.Date(required=True)
    order_type = fields.String(
        validate=validate.OneOf(["standard", "urgent", "sample"]), allow_none=True
    )
    source = fields.String(validate=validate.OneOf(["portal", "phone", "api"]), allow_none=True)
    amount = fields.Decimal(places=2, required=True)
    discount = fields.Decimal(places=2, required=True)
    priority = fields.Integer(allow_none=True)
    note = fields.String(validate=validate.Length(max=200), allow_none=True)
    status = fields.String(validate=validate.OneOf(["open", "shipped", "closed"]), allow_none=True)

    @validates_schema
    def cap(self, data: dict[str, Any], **kwargs: Any) -> None:
        if "amount" in data and "discount" in data and data["discount"] > data["amount"]:
            raise ValidationError("The discount is above the amount", "discount")


CURSOR = hashlib.sha256(b'["purchase","-order_date","-id"]').hexdigest()[:16]
OUT, LIST_OUT, IN = PurchaseOut(), PurchaseOut(many=True), PurchaseIn()
maker, changer = user.alias("maker"), user.alias("changer")


def visible() -> sa.ColumnElement[bool]:
    """Purchases whose customer's area is the user's or below it."""
    below, top = area.alias("below"), area.alias("top")
    return sa.exists(
        sa.select(sa.literal(1))
        .select_from(below.join(top, below.c.path.between(top.c.path, top.c.path.concat("~"))))
        .join(
            holding,
            sa.and_(
                holding.c.territory == top.c.id,
                holding.c.user == g.user,
                holding.c.role == "seller",
            ),
        )
        .where(below.c.id == customer.c.area)
    )


def select_purchases(*columns: Any) -> sa.Select[Any]:
    chosen = columns or (
        *(column for column in purchase.c if column.key != "deleted_at"),
        customer.c.name.label("customer_name"),
        maker.c.name.label("created_by_name"),
        changer.c.name.label("updated_by_name"),
    )
    return (
        sa.select(*chosen)
        .select_from(
            purchase.join(customer, purchase.c.customer == customer.c.id)
            .outerjoin(maker, purchase.c.created_by == maker.c.id)
            .outerjoin(changer, purchase.c.updated_by == changer.c.id)
        )
        .where(purchase.c.deleted_at.is_(None), visible())
    )


@app.before_request
def authenticate() -> Response | None:
    secret = request.headers.get("Authorization", "").removeprefix("Bearer ")
    digest = hashlib.sha256(secret.encode()).hexdigest()
    with ENGINE.connect() as connection:
        row = connection.execute(
            sa.select(user.c.id)
            .join_from(token, user, user.c.id == token.c.user)
            .where(
                token.c.hash == digest,
                token.c.revoked.is_(None),
                user.c.active == (1 if SQLITE else sa.true()),
            )
        ).first()
    if row is None:
        return answer({"code": "auth.required"}, 401)
    g.user = row.id
    return None


def answer(data: Any, status: int = 200) -> Response:
    return Response(
        json.dumps(data, ensure_ascii=False, separators=(",", ":")),
        status,
        mimetype="application/json",
    )


@app.get("/api/v1/records/purchase/<record_id>")
def get_purchase(record_id: str) -> Response:
    with ENGINE.connect() as connection:
        row = (
            connection.execute(select_purchases().where(purchase.c.id == record_id))
            .mappings()
            .first()
        )
    return answer({"code": "not_found"}, 404) if row is None else answer(OUT.dump(row))


@app.get("/api/v1/records/purchase")
def list_purchases() -> Response:
    condition = json.loads(request.args["filter"])
    limit = int(request.args.get("limit", 50))
    statement = (
        select_purchases()
        .where(purchase.c[condition["field"]] == condition["value"])
        .order_by(falling(purchase.c.order_date), falling(purchase.c.id))
        .limit(limit + 1)
    )
    with ENGINE.connect() as connection:
        rows = connection.execute(statement).mappings().all()
    following = cursor_after(rows[limit - 1]) if len(rows) > limit else None
    return answer({"items": LIST_OUT.dump(rows[:limit]), "next": following, "count": None})


def falling(column: sa.Column[Any]) -> Any:
    """Sort as the indexes are declared; SQLite has missing values last by itself."""
    return column.desc() if SQLITE else column.desc().nulls_last()


def cursor_after(row: Any) -> str:
    values = [CURSOR, row["order_date"].isoformat(), row["id"]]
    text = json.dumps(values, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def next_number(connection: sa.Connection, today: date) -> str:
    period = f"P-{today:%Y}-"
    chosen = (counter.c.field_id == FIELDS["order_no"], counter.c.period == period)
    value = connection.execute(
        sa.update(counter)
        .where(*chosen)
        .values(value=counter.c.value + 1)
        .returning(counter.c.value)
    ).scalar()
    if value is None:
        connection.execute(
            sa.insert(counter).values(field_id=FIELDS["order_no"], period=period, value=1)
        )
        value = 1
    return f"{period}{value:06d}"


def write_history(
    connection: sa.Connection,
    record_id: str,
    version: int,
    action: str,
    changes: dict[str, Any],
    now: datetime,
) -> None:
    connection.execute(
        sa.insert(history).values(
            id=IDS.record_id(),
            object_id=CONFIG["object_id"],
            record_id=record_id,
            version=version,
            at=now,
            user=g.user,
            action=action,
            changes=changes,
            metadata_version=CONFIG["version"],
        )
    )


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


@app.post("/api/v1/records/purchase")
def create_purchase() -> Response:
    try:
        data = IN.load(request.get_json())
    except ValidationError as error:
        return answer({"code": "value.invalid", "problems": error.messages}, 422)
    now = datetime.now(UTC)
    with ENGINE.execution_options(mode="IMMEDIATE").begin() as connection:
        data["customer"] = str(data["customer"])
        known = connection.execute(
            sa.select(customer.c.id).where(
                customer.c.id == data["customer"], customer.c.deleted_at.is_(None), visible()
            )
        ).first()
        if known is None:
            return answer({"code": "reference.not_found"}, 422)
        data |= {
            "id": IDS.record_id(),
            "version": 1,
            "order_no": next_number(connection, now.date()),
            "payable": data["amount"] - data["discount"],
            "created_at": now,
            "updated_at": now,
            "created_by": g.user,
            "updated_by": g.user,
        }
        connection.execute(sa.insert(purchase).values(data))
        changes = {
            FIELDS[name]: [None, plain(value)] for name, value in data.items() if name in FIELDS
        }
        write_history(connection, data["id"], 1, "created", changes, now)
        row = (
            connection.execute(select_purchases().where(purchase.c.id == data["id"]))
            .mappings()
            .one()
        )
        body = OUT.dump(row)
    return answer(body, 201)


@app.patch("/api/v1/records/purchase/<record_id>")
def patch_purchase(record_id: str) -> Response:
    expected = int(request.headers["If-Match"].strip('"'))
    try:
        data = IN.load(request.get_json(), partial=True)
    except ValidationError as error:
        return answer({"code": "value.invalid", "problems": error.messages}, 422)
    now = datetime.now(UTC)
    with ENGINE.execution_options(mode="IMMEDIATE").begin() as connection:
        statement = select_purchases().where(purchase.c.id == record_id)
        if not SQLITE:
            statement = statement.with_for_update(of=purchase)
        old = connection.execute(statement).mappings().first()
        if old is None:
            return answer({"code": "not_found"}, 404)
        if old["version"] != expected:
            return answer({"code": "record.stale"}, 409)
        amount, discount = data.get("amount", old["amount"]), data.get("discount", old["discount"])
        if discount > amount:
            return answer({"code": "rule.broken"}, 422)
        data |= {
            "payable": amount - discount,
            "version": expected + 1,
            "updated_at": now,
            "updated_by": g.user,
        }
        done = connection.execute(
            sa.update(purchase)
            .where(purchase.c.id == record_id, purchase.c.version == expected)
            .values(data)
        )
        if done.rowcount != 1:
            return answer({"code": "record.stale"}, 409)
        changes = {
            FIELDS[name]: [plain(old[name]), plain(value)]
            for name, value in data.items()
            if name in FIELDS and old[name] != value
        }
        write_history(connection, record_id, expected + 1, "updated", changes, now)
        row = (
            connection.execute(select_purchases().where(purchase.c.id == record_id))
            .mappings()
            .one()
        )
        body = OUT.dump(row)
    return answer(body)


@app.get("/api/v1/reports/by_tier_and_month")
def report() -> Response:
    month = (
        sa.func.substr(purchase.c.order_date, 1, 7, type_=sa.String()).concat("-01")
        if SQLITE
        else sa.cast(sa.func.date_trunc("month", purchase.c.order_date), sa.Date())
    )
    amounts = (sa.func.sum(purchase.c.payable), sa.func.count())
    statement = select_purchases(customer.c.tier, month.label("month"), *amounts).group_by(
        customer.c.tier, month
    )
    with ENGINE.connect() as connection:
        groups = connection.execute(statement).all()
        total = connection.execute(select_purchases(*amounts)).one()
    rows = sorted(
        (tier is None, tier or "", str(day), amount, count) for tier, day, amount, count in groups
    )
    return answer(
        {
            "rows": [
                [tier or None, day, str(amount), count] for _, tier, day, amount, count in rows
            ],
            "total": [str(total[0]), total[1]],
        }
    )
