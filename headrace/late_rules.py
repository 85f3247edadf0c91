"""Addresses whose builders are compiled when first used: a process uses few of them."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import Rule


class LateRule(Rule):
    """A rule that is matched like any other.

    Werkzeug compiles two functions for each rule while the rules are added, which takes the
    better part of a start; here each is compiled when its first address is built.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT001, FBT002 - Werkzeug's own
        compiled = super()._compile_builder
        found: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, /, **values: object) -> tuple[str, str]:
            if not found:
                found.append(compiled(append_unknown))
            return found[0](rule, **values)

        return build
