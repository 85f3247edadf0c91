"""Icons of menu entries: every name that may be written is drawn, and no other may be written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import headrace
from headrace.platform.metadata.definitions.modules import Icon
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.loading import load_documents

DRAWN = Path(headrace.__file__).parent / "templates" / "shared" / "icons.html"


def codes(icon: str) -> list[tuple[str, str]]:
    manifest = {
        "kind": "module",
        "name": "shop",
        "version": "1.0.0",
        "menu": [{"label": {"en": "Goods", "zh": "商品"}, "object": "goods", "icon": icon}],
    }
    text = json.dumps(manifest).encode()
    problems = load_documents([("shop", "shop/module.json", text)], built_in()).problems
    return [(one.code, one.path) for one in problems]


def test_every_icon_is_drawn() -> None:
    drawn = set(re.findall(r'^  "(\w+)": "M', DRAWN.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(get_args(Icon)) <= drawn
    assert all(codes(one) == [] for one in get_args(Icon))


def test_an_icon_that_nobody_draws_is_a_problem() -> None:
    assert codes("walet") == [("schema.not_allowed", "/shop/module.json/menu/0/icon")]
