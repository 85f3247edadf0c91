"""Functions on who acts and where rows stand in a tree."""

from __future__ import annotations

from typing import Final

from headrace.platform.core.problems import Text
from headrace.platform.formulas.environment import Environment, Evaluator
from headrace.platform.formulas.functions.base import (
    REFERENCES,
    TEXTS,
    Function,
    Parameter,
    always,
    literal_value,
)
from headrace.platform.formulas.tree import Call, Value
from headrace.platform.formulas.types import BOOLEAN, REFERENCE, USER_OBJECT, reference


def _user(_call: Call, _args: tuple[Evaluator, ...]) -> Evaluator:
    return lambda environment: environment.user


def _organisation(_call: Call, _args: tuple[Evaluator, ...]) -> Evaluator:
    return lambda environment: environment.organisation


def _has_role(call: Call, _args: tuple[Evaluator, ...]) -> Evaluator:
    role = str(literal_value(call, 0))
    return lambda environment: environment.has_role(role)


def _in_subtree(_call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    node, root = args

    def evaluate(environment: Environment) -> Value:
        below, above = node(environment), root(environment)
        if below is None or above is None:
            return None
        return environment.in_subtree(str(below), str(above))

    return evaluate


USER: Final = Function(
    key="USER",
    parameters=(),
    result=always(reference(USER_OBJECT)),
    python=_user,
    sqlite=lambda call: call.binder.user(),
    postgresql=lambda call: call.binder.user(),
    summary=Text("The user who acts.", "当前操作的用户。"),
    examples=(),
    uses=frozenset(("user",)),
)

USER_HAS: Final = Function(
    key="USER_HAS",
    parameters=(Parameter("role", TEXTS, literal=True),),
    result=always(BOOLEAN),
    python=_has_role,
    sqlite=lambda call: call.binder.has_role(call.literal(0)),
    postgresql=lambda call: call.binder.has_role(call.literal(0)),
    summary=Text("Whether the user holds a role.", "当前用户是否拥有某角色。"),
    examples=(),
    uses=frozenset(("user",)),
)

MY_ORGANISATION: Final = Function(
    key="MY_ORGANISATION",
    parameters=(),
    result=always(REFERENCE),
    python=_organisation,
    sqlite=lambda call: call.binder.organisation(),
    postgresql=lambda call: call.binder.organisation(),
    summary=Text("The organisation that the user belongs to.", "当前用户所属的组织。"),
    examples=(),
    uses=frozenset(("user",)),
)

IN_SUBTREE: Final = Function(
    key="IN_SUBTREE",
    parameters=(Parameter("node", REFERENCES), Parameter("root", REFERENCES)),
    result=always(BOOLEAN),
    python=_in_subtree,
    sqlite=lambda call: call.binder.in_subtree(*call.args),
    postgresql=lambda call: call.binder.in_subtree(*call.args),
    unified=True,
    summary=Text(
        "Whether a row of a tree is another one or below it.", "树中的一行是否为另一行或其下级。"
    ),
    examples=(),
)

BUILT_IN: Final = (USER, USER_HAS, MY_ORGANISATION, IN_SUBTREE)
