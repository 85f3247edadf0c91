"""Dealers in one workspace: one, its sub-dealer, a rival; the people around them; what they keep.

Everything that only the rival or the sub-dealer may show carries marks that stand nowhere else. The
workspace is made in two parts, so that a copy of it can be taken before the rival comes in: what the
dealer is answered must not depend on it.
"""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from headrace.platform import runtime
from headrace.platform.access.principals import SYSTEM_USER_ID, RoleHolding
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.opening import is_initialised, open_database
from headrace.platform.files.store import Upload
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.workspace import stop_clock
from headrace.platform.records.context import Context
from headrace.platform.runtime import Platform
from headrace.platform.workflow.tables import RUN, TASK
from headrace.settings import load_settings
from tests.support.documents import field as field_of
from tests.support.documents import label, workspace
from tests.support.publishing import Contents, write_module
from tests.support.servers import SECRET

NOON = datetime(2025, 6, 30, 4, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
RIVAL, SUB, HIDDEN = "Rivalqz", "Subqz", "Hiddenqz"
"""Words in everything that is the rival's, the sub-dealer's, or kept from dealers."""

AMOUNTS = {RIVAL: "739157.13", SUB: "551133.77", HIDDEN: "864209.31"}
DATES = {RIVAL: "1987-03-14", SUB: "1979-08-23", HIDDEN: "1993-11-02"}
NUMBERS = {RIVAL: 73915713, SUB: 55113377, HIDDEN: 86420931}
MARKS: dict[str, tuple[str, ...]] = {
    word: (
        word.lower(),
        AMOUNTS[word][:6],
        f"{AMOUNTS[word][:3]},{AMOUNTS[word][3:6]}",
        DATES[word][:4],
        str(NUMBERS[word]),
    )
    for word in (RIVAL, SUB, HIDDEN)
}
"""What must not stand in an answer, in lower case: as the API writes it and as pages do."""

USERS: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "ann": (None, ("admin",)),
    "mia": (None, ()),
    "fred": (None, ("finance",)),
    "vera": (None, ("auditor",)),
    "dora": ("own", ("dealer",)),
    "dirk": ("own", ("distributor",)),
    "susi": ("sub", ("dealer",)),
}
"""Login -> company and roles. The rival's `rolf` comes later."""

BROWSING = ("dora", "dirk", "vera")
"""Who has a browser session; hashing passwords takes its time."""

MORE_FIELDS = [
    field_of("story", "long_text"),
    field_of("mail", "email"),
    field_of("phone", "phone"),
    field_of("link", "url"),
    field_of("pieces", "integer"),
    field_of("weight", "decimal"),
    field_of("volume", "quantity"),
    field_of("share", "percent"),
    field_of("urgent", "boolean"),
    field_of("seen_at", "datetime"),
    field_of("handler", "user"),
    field_of("earlier", "lookup", to="claim"),
    field_of("serial", "text", length=40, unique=True),
    field_of("grade", "text", length=40),
    field_of("verdict", "text", length=40),
    field_of("evidence", "files"),
    field_of("related", "multi_lookup", to="claim", on_delete="remove"),
    field_of("shops", "multi_lookup", to="company", on_delete="remove"),
    field_of("concerns", "polymorphic_lookup", targets=["company", "claim"]),
    field_of("insiders", "users"),
    field_of("assessment", "file"),
]
DEALER_FIELDS = [
    *("claim_no", "company", "subject", "claimed_on", "kind", "fee", "total", "payable"),
    *("region_name", "decided_at", "status", "story", "mail", "phone", "link", "pieces"),
    *("weight", "volume", "share", "urgent", "seen_at", "handler", "earlier", "serial", "items"),
    *("evidence", "related", "shops", "concerns"),
]
"""All that a dealer reads of its claims: no `grade`, `reserve`, `assessment`, `insiders`; `verdict` once paid."""


EDITED = [
    "subject",
    "story",
    "fee",
    "earlier",
    "serial",
    "evidence",
    "related",
    "shops",
    "concerns",
]
FUND: dict[str, Any] = {
    "kind": "object",
    "name": "fund_entry",
    "label": label("Fund entry", "基金流水"),
    "title": "memo",
    "scope_paths": {"organisation": "company"},
    "fields": [
        field_of("company", "lookup", to="company", required=True),
        field_of("entry_date", "date", required=True),
        field_of("amount", "money", required=True),
        field_of("balance", "money", written_by="system"),
        field_of("place", "integer", written_by="system"),
        field_of("memo", "text", length=60),
        field_of("about", "multi_lookup", to="claim", on_delete="remove"),
    ],
    "ledger": {
        "amount": "amount",
        "balance": "balance",
        "position": "place",
        "date": "entry_date",
        "partition": ["company"],
    },
}
"""Accounts of companies, of which a dealer reads its own."""
READERS = [
    {"role": "auditor", "actions": ["read"], "scope": "all"},
    {"role": "finance", "actions": ["read"], "scope": "all"},
]


def contents() -> Contents:
    """Return the documents of the workspace."""
    made = workspace()
    made["role", "distributor"] = {
        "kind": "role",
        "name": "distributor",
        "label": label("Distributor", "分销商"),
        "audience": "partner",
    }
    made["role", "auditor"] = {
        "kind": "role",
        "name": "auditor",
        "label": label("Auditor", "审计员"),
    }
    claim = made["object", "claim"]
    claim["fields"][-1:-1] = [dict(one) for one in MORE_FIELDS]
    claim["search"] = ["claim_no", "subject", "story"]
    flow = made["workflow", "claim_flow"]
    for transition in flow["transitions"]:
        transition["by"] = ["dealer"]
    made["permission", "claim"]["grants"] = [
        {"role": "admin", "actions": ["create", "read", "update", "delete"], "scope": "all"},
        {
            "role": "dealer",
            "actions": ["create"],
            "scope": "organisation",
            "transitions": ["submit", "revise", "cancel"],
        },
        {
            "role": "dealer",
            "actions": ["read"],
            "scope": "organisation",
            "fields": {"read": DEALER_FIELDS},
        },
        {
            "role": "dealer",
            "actions": ["read"],
            "scope": "organisation",
            "when": "status = 'paid'",
            "fields": {"read": ["verdict"]},
        },
        {
            "role": "dealer",
            "actions": ["update", "delete"],
            "scope": "organisation",
            "when": "status = 'draft'",
            "fields": {"edit": [*EDITED, "items"]},
        },
        {
            "role": "distributor",
            "actions": ["read"],
            "scope": "organisation_tree",
            "fields": {"read": DEALER_FIELDS},
        },
        {"role": "boss", "actions": ["read"], "scope": "territory_tree"},
        *READERS,
    ]
    made["permission", "company"]["grants"] = [
        {"role": "admin", "actions": ["create", "read", "update", "delete"], "scope": "all"},
        {"role": "dealer", "actions": ["read"], "scope": "organisation"},
        {"role": "distributor", "actions": ["read"], "scope": "organisation_tree"},
        {"role": "boss", "actions": ["read"], "scope": "territory_tree"},
        *READERS,
    ]
    grants = made["permission", "region"]["grants"]
    grants[:] = [grant for grant in grants if grant["role"] != "dealer"] + READERS[:1]
    made["object", "fund_entry"] = copy.deepcopy(FUND)
    made["permission", "fund_entry"] = {
        "kind": "permission",
        "name": "fund_entry",
        "object": "fund_entry",
        "grants": [
            {"role": "admin", "actions": ["create", "read"], "scope": "all"},
            {"role": "dealer", "actions": ["create", "read"], "scope": "organisation"},
            {"role": "distributor", "actions": ["read"], "scope": "organisation_tree"},
            *READERS,
        ],
    }
    made["report", "claims_by_month"]["group_columns"] = ["company"]
    made["report", "claims_by_kind"] = {
        **made["report", "claims_by_month"],
        "name": "claims_by_kind",
        "group_rows": [{"field": "kind"}, {"field": "subject"}],
        "group_columns": [],
        "measures": [
            {"op": "sum", "field": "payable", "label": label("Amount", "金额")},
            {"op": "max", "field": "fee", "label": label("Highest fee", "最高费用")},
            {"op": "count", "label": label("Count", "单数")},
        ],
    }
    made["report", "grades"] = {
        **made["report", "claims_by_month"],
        "name": "grades",
        "group_rows": [{"field": "grade"}],
        "group_columns": [],
        "measures": [{"op": "count", "label": label("Count", "单数")}],
    }
    made["dashboard", "claims_overview"]["tiles"] += [
        {"name": "kinds", "report": "claims_by_kind", "kind": "table"},
        {"name": "grades", "report": "grades", "kind": "table"},
    ]
    made["dashboard", "grades_only"] = {
        "kind": "dashboard",
        "name": "grades_only",
        "label": label("Grades", "评级"),
        "tiles": [{"name": "grades", "report": "grades", "kind": "number"}],
    }
    made["module", "claims"]["menu"] += [
        {"label": label("Companies", "公司"), "object": "company"},
        {"label": label("By kind", "按类型"), "report": "claims_by_kind"},
        {"label": label("Grades", "评级"), "dashboard": "grades_only"},
    ]
    return made


@dataclass
class Dealers:
    """What was made: ids by name, tokens and session cookies by login."""

    users: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    companies: dict[str, str] = field(default_factory=dict)
    claims: dict[str, list[str]] = field(default_factory=dict)
    items: dict[str, list[str]] = field(default_factory=dict)
    tasks: dict[str, list[str]] = field(default_factory=dict)
    runs: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)
    entries: dict[str, list[str]] = field(default_factory=dict)
    hidden_files: list[str] = field(default_factory=list)

    def ids_of(self, company: str) -> list[str]:
        """Every id that tells of a company."""
        return [
            self.companies[company],
            *self.claims[company],
            *self.items[company],
            *self.tasks[company],
            *self.runs[company],
            *self.files[company],
            *self.entries[company],
        ]


@contextmanager
def open_platform(url: str, base_url: str = "http://localhost:8000") -> Iterator[Platform]:
    """Open the platform on a database whose clock stands still; made ready if it is empty."""
    given = {
        "HEADRACE_DATABASE_URL": url,
        "HEADRACE_SECRET_KEY": SECRET,
        "HEADRACE_BASE_URL": base_url,
    }
    settings = load_settings(given, Path("/nonexistent"))
    database = open_database(settings.database_url)
    if not is_initialised(database):
        runtime.initialise(database, settings.time_zone)
        with database.writing(None) as work:
            stop_clock(work, NOON)
    platform = runtime.assemble(settings, database, built_in(), RandomIds())
    try:
        yield platform
    finally:
        platform.close()


class Maker:
    """Fills a workspace through the platform's own use cases."""

    def __init__(self, platform: Platform, made: Dealers) -> None:
        self.platform = platform
        self.made = made

    def system(self, action: Callable[[Context, Any], Any]) -> Any:
        return self.platform.write_as_system(action)

    def create(self, object_name: str, data: dict[str, Any], mode: Any = "normal") -> str:
        store = self.platform.store
        saved = self.system(lambda c, w: store.create(c, w, object_name, data, mode=mode))
        return str(saved.id)

    def user(self, login: str, company: str | None, roles: tuple[str, ...], name: str) -> None:
        identity = self.platform.identity
        with self.platform.database.writing(None) as work:
            self.made.users[login] = identity.create_user(
                work,
                login=login,
                name=name,
                language="en",
                organisation=self.made.companies[company] if company else None,
                password=PASSWORD if login in BROWSING else None,
                roles=[RoleHolding(role) for role in roles],
            )
            self.made.tokens[login] = identity.create_token(work, self.made.users[login], "test")
        if login in BROWSING:
            self.made.cookies[login] = identity.sign_in(login, PASSWORD, "127.0.0.1")

    def company(self, key: str, word: str, region: str, **values: Any) -> None:
        data = {
            "code": f"{word}-C",
            "name": f"{word} Trading",
            "region": region,
            "manager": self.made.users["mia"],
            "note": f"{word if word == RIVAL else HIDDEN} note",
            **values,
        }
        self.made.companies[key] = self.create("company", data)
        made = self.made
        for kept in (made.claims, made.items, made.tasks, made.runs, made.files, made.entries):
            kept[key] = []

    def file(self, user_id: str, name: str) -> str:
        """Upload a file whose content is its name."""
        upload = Upload(f"{name}.txt", io.BytesIO(name.encode()))
        keep = self.platform.files.keep
        return str(self.system(lambda _, work: keep(work, user_id, upload)).id)

    def claim(self, company: str, login: str, word: str, number: int, **values: Any) -> str:
        """Make a claim with the marks of `word` in every field."""
        earlier = self.made.claims[company][-1:] or [None]
        data = {
            "company": self.made.companies[company],
            "claim_no": f"{word}-{number}",
            "subject": f"{word} subject {number}",
            "claimed_on": DATES.get(word, f"2025-06-0{number}"),
            "kind": "loss" if number % 2 else "damage",
            "fee": "12.34",
            "reserve": AMOUNTS[word if word == RIVAL else HIDDEN],
            "story": f"{word} story {number}",
            "mail": f"{word.lower()}{number}@example.com",
            "phone": f"+49 {NUMBERS.get(word, 1234567 + number)}",
            "link": f"https://example.com/{word}/{number}",
            "pieces": NUMBERS.get(word, number),
            "weight": AMOUNTS.get(word, "1.5"),
            "volume": AMOUNTS.get(word, "2.5"),
            "share": "12.5",
            "urgent": number % 2 == 0,
            "seen_at": f"{DATES.get(word, '2025-06-01')}T10:00:00Z",
            "handler": self.made.users[login],
            "earlier": earlier[0],
            "serial": f"{word}-serial-{number}",
            "grade": f"{word if word == RIVAL else HIDDEN} grade",
            "verdict": f"{word} verdict",
            "items": [
                {"what": f"{word} part", "qty": "1", "price": AMOUNTS.get(word, f"{150 + number}")}
            ],
            "created_by": self.made.users[login],
            **values,
        }
        evidence = self.file(SYSTEM_USER_ID, f"{word} evidence {number}")
        hidden = word if word == RIVAL else HIDDEN
        assessment = self.file(SYSTEM_USER_ID, f"{hidden} assessment {number}")
        data |= {"evidence": [evidence], "assessment": assessment}
        self.made.files[company].append(evidence)
        self.made.hidden_files.append(assessment)
        record_id = self.create("claim", data, "migration")
        self.made.claims[company].append(record_id)
        return record_id

    def entry(self, company: str, word: str, number: int, about: list[str]) -> None:
        """Post an entry to the account of a company."""
        data = {
            "company": self.made.companies[company],
            "entry_date": DATES.get(word, f"2025-06-0{number}"),
            "amount": AMOUNTS.get(word, f"{number}.00"),
            "memo": f"{word} entry {number}",
            "about": about,
        }
        self.made.entries[company].append(self.create("fund_entry", data))

    def as_user(self, login: str, action: Callable[[Context, Any], Any]) -> Any:
        return self.platform.write_for_token(self.made.tokens[login], action)

    def change(self, record_id: str, object_name: str = "claim", **values: Any) -> None:
        """Change fields as the platform itself."""

        def action(context: Context, work: Any) -> None:
            row = self.platform.store.lock(context, work, object_name, record_id)
            version = int(row["version"])
            self.platform.store.update(context, work, object_name, record_id, values, version)

        self.system(action)

    def submit(self, login: str, record_id: str) -> None:
        def action(context: Context, work: Any) -> None:
            version = int(self.platform.store.lock(context, work, "claim", record_id)["version"])
            self.platform.workflow.fire(
                context, work, "claim", record_id, "submit", version=version
            )

        self.as_user(login, action)

    def decide(self, login: str, record_id: str, action: str, comment: str) -> None:
        task = next(one for one in self.open_tasks(record_id) if one.user == self.made.users[login])
        self.as_user(
            login,
            lambda c, w: self.platform.tasks.decide(
                c, w, task.id, action, version=task.version, comment=comment
            ),
        )

    def open_tasks(self, record_id: str) -> list[Any]:
        return self.rows(
            sa.select(TASK).where(TASK.c.record_id == record_id, TASK.c.state == "open")
        )

    def rows(self, statement: sa.Select[Any]) -> list[Any]:
        with self.platform.database.reading() as reading:
            return list(reading.connection.execute(statement))

    def note_ids(self, company: str) -> None:
        """Keep the ids of items, tasks and runs of a company's claims."""
        made = self.made
        runs = self.rows(sa.select(RUN.c.id).where(RUN.c.record_id.in_(made.claims[company])))
        tasks = self.rows(sa.select(TASK.c.id).where(TASK.c.record_id.in_(made.claims[company])))
        made.runs[company] = [row.id for row in runs]
        made.tasks[company] = [row.id for row in tasks]
        published = self.platform.catalogs.current()
        items = published.tables.of("claim_item")
        found = self.rows(
            sa.select(items.columns["id"]).where(items.columns["claim"].in_(made.claims[company]))
        )
        made.items[company] = [row[0] for row in found]

    def drain(self) -> None:
        """Carry out the jobs that wait, so that no server finds any."""
        worker = self.platform.worker()
        while worker.run_once():
            pass


def publish(platform: Platform, folder: Path, documents: Contents) -> None:
    """Publish the documents."""
    plan = platform.publisher.plan(write_module(folder, documents))
    platform.publisher.publish(plan, "test", None)


def make_dealers(platform: Platform, folder: Path) -> Dealers:
    """Publish the workspace and bring in everybody but the rival."""
    publish(platform, folder, contents())
    made = Dealers()
    maker = Maker(platform, made)
    region = maker.create("region", {"code": "N", "name": "North"})
    for login, (company, roles) in USERS.items():
        if company is None:
            maker.user(login, None, roles, login.title())
    maker.company("own", "Own", region)
    maker.company("sub", SUB, region, parent=made.companies["own"])
    for login, (company, roles) in USERS.items():
        if company is not None:
            maker.user(login, company, roles, f"{SUB} Susi" if login == "susi" else login.title())
    for number in (1, 2, 3):
        maker.claim("own", "dora", "Own", number)
    for number in (1, 2):
        maker.claim("sub", "susi", SUB, number)
    own, sub = made.claims["own"], made.claims["sub"]
    concerned = {"object": "claim", "id": own[0]}
    maker.change(
        own[2], related=[own[1], own[0]], shops=[made.companies["own"]], concerns=concerned
    )
    maker.change(sub[0], related=[*own[:2], sub[1]], shops=[made.companies["sub"]])
    for number in (1, 2):
        maker.entry("own", "Own", number, [own[number], own[0]])
    maker.entry("sub", SUB, 1, [sub[0]])
    maker.submit("dora", made.claims["own"][1])
    maker.submit("dora", made.claims["own"][2])
    maker.decide("mia", made.claims["own"][2], "approve", "fine with me")
    maker.submit("susi", made.claims["sub"][1])
    maker.decide("mia", made.claims["sub"][1], "approve", f"{SUB} comment")
    for company in ("own", "sub"):
        maker.note_ids(company)
    maker.drain()
    return made


def add_rival(platform: Platform, made: Dealers) -> None:
    """Bring in the rival, and change what dealers may not see of their own records."""
    maker = Maker(platform, made)
    region = maker.create("region", {"code": RIVAL, "name": f"{RIVAL} region"})
    maker.company("rival", RIVAL, region)
    maker.user("rolf", "rival", ("dealer",), f"{RIVAL} Rolf")
    for number in (1, 2, 3):
        maker.claim("rival", "rolf", RIVAL, number)
    made.files["rival"].append(maker.file(made.users["rolf"], f"{RIVAL} that waits"))
    own, rival = made.claims["own"], made.claims["rival"]
    maker.change(rival[0], related=[*own, *rival], shops=list(made.companies.values()))
    for number in (1, 2):
        maker.entry("rival", RIVAL, number, [*own, rival[0]])
    for position in (1, 2):
        maker.submit("rolf", made.claims["rival"][position])
    maker.decide("mia", made.claims["rival"][2], "approve", f"{RIVAL} comment")
    maker.note_ids("rival")
    change_hidden(platform, made, f"{HIDDEN} one", AMOUNTS[HIDDEN])
    maker.drain()


def change_hidden(platform: Platform, made: Dealers, word: str, amount: str) -> None:
    """Change what no dealer may see of the dealer's own records; the same records in any world."""
    maker = Maker(platform, made)
    own, companies = made.claims["own"], made.companies
    # Lists of the dealer's own with what it sees of them the same: what the others are differs.
    theirs, shops = made.claims.get("rival", []), [companies[one] for one in companies]
    concerned = {"object": "claim", "id": theirs[0]} if theirs else None
    insiders = [made.users["mia"]] if theirs else [made.users["fred"], made.users["vera"]]
    for record_id in own[:1]:
        maker.change(
            record_id,
            reserve=amount,
            grade=f"{word} grade",
            verdict=f"{word} verdict",
            related=[*theirs[:1], own[1], *theirs[1:], own[2]],
            shops=[*shops[1:], companies["own"]],
            insiders=insiders,
            concerns=concerned,
        )
    maker.change(made.companies["own"], "company", note=f"{word} note")


_RANDOM = re.compile(
    rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,}", re.IGNORECASE
)


def marks_in(text: bytes, *words: str) -> list[str]:
    """Return the marks of `words` that stand in `text`; ids and hashes are not looked into."""
    seen = _RANDOM.sub(b"", text).lower()
    return [mark for word in words for mark in MARKS[word] if _stands_in(mark, seen)]


def _stands_in(mark: str, text: bytes) -> bool:
    """Say whether a mark stands in a text; a number must stand alone, not within a random token."""
    if not mark.isdigit():
        return mark.encode() in text
    return re.search(rb"(?<![0-9a-z])" + mark.encode() + rb"(?![0-9a-z])", text) is not None
