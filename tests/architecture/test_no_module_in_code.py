"""No line of code names an object, role or constant of a seed module (architecture, D15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.support.module_names import (
    names_of_modules,
    read_allowed,
    said_in_python,
    said_in_template,
    said_in_typescript,
)

ROOT = Path(__file__).parents[2]
SEED_SCHEMAS = ROOT / "headrace" / "seed_schemas"
ALLOWED = read_allowed(Path(__file__).with_name("module_names_allowed.txt"))

Finder = Callable[[str, frozenset[str]], Iterator[tuple[int, str]]]
PLACES: dict[str, tuple[str, str, Finder]] = {
    "python": ("headrace", "*.py", said_in_python),
    "templates": ("headrace/templates", "*.html", said_in_template),
    "typescript": ("designer/src", "*.ts", said_in_typescript),
}
NAMES = frozenset({"sales_order", "sku", "partner_clerk"})


def is_allowed(name: str, path: Path) -> bool:
    place = path.relative_to(ROOT).as_posix()
    return any(one.name == name and fnmatch(place, one.files) for one in ALLOWED)


def test_the_seed_modules_have_names_to_look_for() -> None:
    names = names_of_modules(SEED_SCHEMAS)

    assert {"sales_order", "partner_clerk", "vat_rate"} <= names


@pytest.mark.parametrize("place", PLACES)
def test_no_seed_module_is_named_in(place: str) -> None:
    folder, pattern, said_in = PLACES[place]
    names = names_of_modules(SEED_SCHEMAS)

    said = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in sorted((ROOT / folder).rglob(pattern))
        for line, name in said_in(path.read_text(encoding="utf-8"), names)
        if not is_allowed(name, path)
    ]

    assert said == []


def test_every_allowed_name_has_a_reason() -> None:
    assert all(len(one.reason.split()) > 3 for one in ALLOWED)
    assert [one.name for one in ALLOWED[:2]] == ["territory", "partner"]


@pytest.mark.parametrize(
    "source",
    [
        "sales_order = 1",
        "x = catalog.sku",
        "f(sku=1)",
        "def sku(): ...",
        "x = 'partner_clerk'",
        "x = 'sales_order.amount'",
        "x = f'{a} of sales_order'",
        "import a.b as sku",
    ],
)
def test_a_name_in_python_is_found(source: str) -> None:
    assert list(said_in_python(source, NAMES))


@pytest.mark.parametrize("source", ["x = 'each sku has a price'", "# sales_order", "skus = 1"])
def test_a_sentence_in_python_is_not_a_name(source: str) -> None:
    assert not list(said_in_python(source, NAMES))


def test_names_in_typescript_are_found_with_their_line() -> None:
    source = "/* sku\n */ const a = 1; // sku\nconst b = order['sku'];"

    assert list(said_in_typescript(source, NAMES)) == [(3, "sku")]


def test_names_in_template_code_are_found_with_their_line() -> None:
    source = "<p>sku {# sku #}\n{{ t('x') }}</p>\n{% if object == 'sku' %}"

    assert list(said_in_template(source, NAMES)) == [(3, "sku")]
