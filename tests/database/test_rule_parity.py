"""One rule, one meaning: every door accepts and refuses the same, and the browser shows what is decided.

For random rules and values a form, the API, a bulk request, a file, an automation and a transition must give
the same answer; the browser's evaluator must say of every field what the server says.
"""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.actions import built_in as actions
from headrace.platform.actions.base import Acting
from headrace.platform.core.errors import PlatformError, RefusedError
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.importing import Importer
from headrace.platform.exchange.opening import open_file
from headrace.platform.exchange.requests import ImportRequest
from headrace.platform.exchange.writing import BlockWriter
from headrace.platform.forms.entries import first_values
from headrace.platform.forms.form_page import form_for
from headrace.platform.forms.live import constant_values, live_form
from headrace.platform.forms.posted import place_of, posted
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import Literal
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import ActionModel, Assignment, FieldModel
from headrace.platform.metadata.definitions.automations import RowActionDef
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.records import reader
from headrace.platform.records.batch import Batch
from headrace.platform.records.bulk import write_many
from headrace.platform.records.context import Context
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.field_rules import Behaviours
from headrace.platform.records.preview import previewed
from tests.database.test_formula_engines import build_for_node
from tests.support.exchange_world import as_csv
from tests.support.live import Live
from tests.support.rules_world import open_live_rules

DEEP, PLAIN = 5_000, 100
PORTIONS = 10

CONDITIONS = (
    "market = 'export'",
    "market != way",
    "amount > 100",
    "amount > discount * 10",
    "discount > 10 AND market = 'home'",
    "frozen",
    "NOT frozen OR reason IS NULL",
    "USER_HAS('boss')",
    "NOT USER_HAS('boss') AND amount < 60",
    "margin > 5",
    "OLD(amount) > 60",
    "CHANGED(market)",
    "status = 'paid'",
    "LEN(reason) > 3",
    "way IN ('road', 'sea') OR port IS NOT NULL",
    "ISBLANK(note)",
)
ROW_CONDITIONS = (
    "sort = 'gift'",
    "price > 10",
    "parcel.market = 'export'",
    "parcel.amount > 100 AND sort != 'gift'",
    "parcel.margin > 5",
    "USER_HAS('boss')",
)
UNLESS = ("amount <= 100", "discount < 20 OR frozen", "port IS NULL OR market = 'export'")
FIELDS = ("port", "amount", "discount", "reason", "note", "receipt", "way")


class _UndoneError(Exception):
    """Takes a write back."""


def _undo() -> None:
    raise _UndoneError


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live_rules(shared_database_url)
    yield found
    found.platform.close()


@pytest.fixture(scope="module")
def standing_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_for_node("test/form/standing_cli.ts", tmp_path_factory.mktemp("standing"))


# -- random rules and values -----------------------------------------------------------------------


def field_rules(chance: random.Random, fields: tuple[str, ...], conditions: Any) -> list[Any]:
    found = []
    for number in range(chance.randint(0, 5)):
        effect = chance.choice(("show", "require", "lock", "limit"))
        about = [chance.choice(fields)]
        rule = {
            "name": f"r{number}",
            "about": about,
            "effect": effect,
            "when": chance.choice(conditions),
        }
        if effect == "limit":
            if "way" not in fields:
                continue
            rule["about"] = ["way"]
            rule["allowed"] = chance.sample(("road", "rail", "sea", "air"), chance.randint(1, 3))
        found.append(rule)
    return found


def rules(chance: random.Random) -> list[Any]:
    return [
        {
            "name": f"s{number}",
            "unless": chance.choice(UNLESS),
            "severity": chance.choice(("error", "warning")),
            "field": chance.choice(FIELDS),
            "message": {"en": "No", "zh": "不可"},
        }
        for number in range(chance.randint(0, 2))
    ]


def values(chance: random.Random) -> dict[str, Any]:
    return {
        "market": chance.choice(("home", "export", None)),
        "way": chance.choice(("road", "rail", "sea", "air", None)),
        "port": chance.choice(("Ningbo", None)),
        "amount": chance.choice(("50.00", "70.00", "150.00", "1200.00", None)),
        "discount": chance.choice(("5.00", "15.00", "25.00", None)),
        "reason": chance.choice(("fair", "no", None)),
        "note": chance.choice(("n", None)),
        "receipt": chance.choice(("R", None)),
        "frozen": chance.choice((True, False)),
    }


def some(chance: random.Random, data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if chance.random() < 0.5}


def with_rules(context: Context, chance: random.Random, documents: Any) -> Context:
    """Return the context with other rules over the same tables."""
    changed = []
    for document in documents:
        content = dict(document.content)
        if content.get("name") == "parcel" and content["kind"] == "object":
            content["field_rules"] = field_rules(chance, FIELDS, CONDITIONS)
            content["rules"] = rules(chance)
        elif content.get("name") == "item" and content["kind"] == "object":
            content["field_rules"] = field_rules(chance, ("price",), ROW_CONDITIONS)
        changed.append(Document(document.module, content))
    built = build_catalog(changed, built_in(), context.catalog.version)
    assert built.catalog is not None, built.problems
    return replace(context, catalog=built.catalog)


# -- doors -----------------------------------------------------------------------------------------


def codes(problems: tuple[Problem, ...], prefix: str = "") -> frozenset[tuple[str, str]]:
    return frozenset((one.path.removeprefix(prefix), one.code) for one in problems)


def tried(work: UnitOfWork, act: Callable[[], tuple[Problem, ...]], prefix: str = "") -> Any:
    """Return what a door says, and take back what it did: refusals, or accepted with warnings."""
    try:
        with work.connection.begin_nested():
            warnings = act()
            _undo()
    except _UndoneError:
        return "accepted", codes(warnings, prefix)
    except PlatformError as error:
        return type(error).__name__, codes(error.problems, prefix)


def by_form(context: Context, data: Mapping[str, Any], was: Mapping[str, Any] | None) -> Any:
    """Return what a page that sends these values makes of them."""
    mode = "create" if was is None else "edit"
    page = form_for(context.catalog, context.principal, "parcel", mode)  # type: ignore[arg-type]
    form: dict[str, str] = {}
    shown = {**(was or {}), **data}
    for view in page.fields:
        if not view.editable or view.name not in shown:
            continue
        value = shown[view.name]
        if view.widget == "boolean":
            form[f"f.{view.name}:sent"] = "1"
            if value:
                form[f"f.{view.name}"] = "true"
        else:
            form[f"f.{view.name}"] = "" if value is None else str(value)
    if was is not None:
        form["was"] = first_values(page.fields, was)
    sent = posted(page, form, context.principal.zone)
    assert place_of(Problem("x", "/name", None), sent) == "f.name"  # type: ignore[arg-type]
    return sent.data


def by_file(
    live: Live, who: Context, work: UnitOfWork, mode: Any, data: Mapping[str, Any]
) -> tuple[Problem, ...]:
    """Import a file of one row, as somebody's spreadsheet would say it; return what it warns of."""
    row = [
        "" if one is None else str(one).lower() if isinstance(one, bool) else one
        for one in data.values()
    ]
    key = "id" if "id" in data else None
    request = ImportRequest("parcel", "rows.csv", mode=mode, key=key, empty="clear")
    sheets = open_file(request.file_name, as_csv(tuple(data), row))
    ready = Importer(live.platform.store).prepare(who, request, sheets)
    writer = BlockWriter(live.platform.store, who, work, ready.plan)
    [written] = writer.write(list(ready.groups(sheets)))
    if written.errors:
        raise RefusedError.of([one.problem for one in written.errors])
    return tuple(one.problem for one in written.group.warnings)


def by_automation(
    live: Live, who: Context, work: UnitOfWork, data: Mapping[str, Any], record_id: str | None
) -> tuple[Problem, ...]:
    """Let an action make a record with these values, or set them in one; return what it warns of."""
    batch = Batch(who, work)
    shape = batch.shapes.of("parcel")
    row = {} if record_id is None else batch.row("parcel", record_id) or {}
    kind = "create" if record_id is None else "set"
    action = ActionModel(
        kind,
        RowActionDef(),
        object="parcel",
        assignments=tuple(
            Assignment(name, literal(shape.fields[name], value)) for name, value in data.items()
        ),
    )
    acting = Acting(
        live.platform.automations._services,
        actions(),
        who,
        work,
        RowEnvironment(batch, shape, row, None),
        record_id or "",
    )
    actions()[kind].run(acting, action, None)
    return tuple(acting.warnings)


def literal(field: FieldModel, value: Any) -> Expression:
    """Return a formula that gives a value of a field."""
    return Expression("", Literal(parsed(field, value), field.type.value_type(field.options)))


def parsed(field: FieldModel, value: Any) -> Any:
    """Return a value as Python has it."""
    if value is None:
        return None
    return field.type.value_field(field.options).deserialize(value, field.name, None)


def without_places(answer: Any) -> Any:
    """Return an answer without the places: an action that makes a record warns of another one."""
    outcome, found = answer
    return outcome, frozenset(code for _, code in found)


def test_every_door_says_the_same(live: Live, deep: bool) -> None:
    platform = live.platform
    documents = platform.catalogs.current().content.documents
    accepted = refused = 0
    for seed in range((DEEP if deep else PLAIN) // PORTIONS):
        chance = random.Random(f"doors {seed}")

        def portion(system: Context, work: UnitOfWork, chance: random.Random = chance) -> None:
            nonlocal accepted, refused
            context = with_rules(system, chance, documents)
            login = chance.choice(("clerk", "boss"))
            who = replace(context, principal=principal_of(live, login, work))
            for _ in range(PORTIONS):
                answers = one_case(live, context, who, work, chance)
                for said in answers:
                    first = said[0][1]
                    assert all(one == first for door, one in said if door != "made"), said
                    made = [one for door, one in said if door == "made"]
                    assert all(without_places(one) == without_places(first) for one in made), said
                    if first[0] != "accepted":
                        assert all(one == first for one in made), said
                for _, (outcome, _) in (*answers[0], *answers[1]):
                    accepted += outcome == "accepted"
                    refused += outcome != "accepted"
            _undo()

        with pytest.raises(_UndoneError):
            platform.write_as_system(portion)
    assert accepted > PLAIN
    assert refused > PLAIN


def principal_of(live: Live, login: str, work: UnitOfWork) -> Any:
    return live.platform.perform_for_token(live.tokens[login], lambda context: context.principal)


def one_case(
    live: Live, context: Context, who: Context, work: UnitOfWork, chance: random.Random
) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    """Return what the doors say of a new record, and of a changed one."""
    store, engine = live.platform.store, live.platform.workflow
    new = {"name": "n", **{k: v for k, v in some(chance, values(chance)).items() if v is not None}}
    # An unticked box of a page is sent as false.
    new["frozen"] = new.get("frozen", False)
    answers = [
        ("api", tried(work, lambda: store.create(who, work, "parcel", new).warnings)),
        (
            "bulk",
            tried(
                work,
                lambda: write_many(store, who, work, "parcel", "create", [new])[0].warnings,
                "/records/0",
            ),
        ),
        (
            "form",
            tried(
                work,
                lambda: store.create(who, work, "parcel", {**by_form(who, new, None)}).warnings,
            ),
        ),
        ("file", tried(work, lambda: by_file(live, who, work, "create", new))),
        ("made", tried(work, lambda: by_automation(live, who, work, new, None))),
    ]
    before = plain(context)
    base = {"name": "b", "amount": "70.00", "market": "home", **some(chance, values(chance))}
    if chance.random() < 0.5 and who.principal.login == "boss":
        base["margin"] = "9"
    saved = store.create(before, work, "parcel", base)
    was = reader.get_within(who, work, "parcel", saved.id)
    data = some(chance, values(chance)) or {"note": "x"}
    version, record_id = saved.version, saved.id
    bulk = [{"id": record_id, "version": version, **data}]

    def form() -> tuple[Problem, ...]:
        sent = by_form(who, data, was)
        if not sent:
            sent = data
        return store.update(who, work, "parcel", record_id, sent, version).warnings

    def transition() -> tuple[Problem, ...]:
        return engine.fire(
            who, work, "parcel", record_id, "pay", values=data, version=version
        ).warnings

    def two_steps() -> tuple[Problem, ...]:
        now = store.update(who, work, "parcel", record_id, data, version)
        return engine.fire(who, work, "parcel", record_id, "pay", version=now.version).warnings

    changed = [
        (
            "patch",
            tried(
                work, lambda: store.update(who, work, "parcel", record_id, data, version).warnings
            ),
        ),
        (
            "bulk",
            tried(
                work,
                lambda: write_many(store, who, work, "parcel", "update", bulk)[0].warnings,
                "/records/0",
            ),
        ),
        ("form", tried(work, form)),
        (
            "file",
            tried(work, lambda: by_file(live, who, work, "update", {"id": record_id, **data})),
        ),
    ]
    # An action leaves a record alone that has all the values.
    batch = Batch(who, work)
    holds, fields = batch.row("parcel", record_id) or {}, batch.shapes.of("parcel").fields
    if any(holds[name] != parsed(fields[name], value) for name, value in data.items()):
        setting = tried(work, lambda: by_automation(live, who, work, data, record_id))
        changed.append(("automation", setting))
    assert tried(work, transition) == tried(work, two_steps)
    return answers, changed


def plain(context: Context) -> Context:
    """Return a context whose objects have no rules, to make records that break some."""
    objects = {
        name: replace(model, rules=(), field_rules=())
        for name, model in context.catalog.objects.items()
    }
    catalog = replace(
        context.catalog, objects=objects, fingerprint=context.catalog.fingerprint + "-plain"
    )
    return replace(context, catalog=catalog)


# -- the browser -----------------------------------------------------------------------------------


def told(behaviours: Behaviours) -> dict[str, Any]:
    return {
        name: {
            "hidden": one.hidden,
            "required": one.required,
            "locked": one.locked,
            "allowed": None if one.allowed is None else sorted(one.allowed),
        }
        for name, one in behaviours.items()
    }


def test_the_browser_shows_what_the_server_decides(
    live: Live, standing_script: Path, deep: bool
) -> None:
    documents = live.platform.catalogs.current().content.documents
    questions: list[Any] = []
    expected: list[Any] = []
    for number in range(DEEP if deep else PLAIN):
        chance = random.Random(f"browser {number}")
        login = chance.choice(("clerk", "boss"))

        def ask(context: Context, chance: random.Random = chance) -> None:
            changed = with_rules(context, chance, documents)
            question, answer = browser_case(changed, chance)
            questions.append(question)
            expected.append(answer)

        live.platform.perform_for_token(live.tokens[login], ask)
    lines = "\n".join(json.dumps(one) for one in questions)
    done = subprocess.run(
        ["node", str(standing_script)], input=lines, capture_output=True, text=True, check=True
    )
    for question, answer, line in zip(questions, expected, done.stdout.split("\n"), strict=True):
        shown = json.loads(line)
        assert shown["record"] == answer["record"], question
        assert shown["rows"]["items"] == answer["rows"], question


def browser_case(context: Context, chance: random.Random) -> tuple[Any, Any]:
    page = form_for(context.catalog, context.principal, "parcel", "create")
    rows = [
        {"sort": chance.choice(("normal", "gift")), "price": chance.choice(("5.00", "20.00"))}
        for _ in range(chance.randint(0, 2))
    ]
    data = {"name": "n", **some(chance, values(chance)), "items": rows}
    with context.database.snapshot() as reading:
        found = previewed(context, reading, "parcel", data)
    live = live_form(context.catalog, context.principal, page)
    session = {
        "today": context.today().isoformat(),
        "now": context.now().isoformat().replace("+00:00", "Z"),
        "zone": context.zone.key,
        "user": context.principal.user_id,
        "organisation": None,
        "roles": sorted(context.principal.role_names),
        "constants": constant_values(context.catalog, live.constants),
    }
    shown = dict(found.values)
    shown_rows = shown.pop("items")
    question = {
        "form": {**live.model, "session": session, "values": {}, "met": {}},
        "record": shown,
        "rows": {"items": shown_rows},
        "met": found.standing.to_json(),
        "rows_met": {"items": [one.to_json() for one in found.rows["items"]]},
    }
    answer = {
        "record": told(found.standing.behaviours),
        "rows": [told(one.behaviours) for one in found.rows["items"]],
    }
    return question, answer
