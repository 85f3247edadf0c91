"""Ledgers on the screen: taking an entry back, and what accounts come to as of a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import new_key, platform, read, write_once
from headrace.blueprints.statuses import status_of
from headrace.blueprints.workspace.blueprint import blueprint, known_object
from headrace.blueprints.workspace.confirming import need_confirmation, token_of
from headrace.blueprints.workspace.rows import display_of, title_of
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.forms.field_view import field_view
from headrace.platform.records import reader
from headrace.platform.records.balances import Balances, balances
from headrace.platform.records.context import Context
from headrace.platform.records.reversing import Reversing, standing


@blueprint.get("/o/<object_name>/<record_id>/reverse")
def reverse_page(object_name: str, record_id: str) -> str:
    """Ask why an entry is taken back, and which day that counts for."""
    return read(lambda context: _reverse_page(context, object_name, record_id, ()))


@blueprint.post("/o/<object_name>/<record_id>/reverse")
def reverse(object_name: str, record_id: str) -> Response:
    """Post the opposite of an entry."""
    asked = Reversing(request.form.get("reason"), request.form.get("date") or None)

    def action(context: Context, work: UnitOfWork) -> str:
        known_object(context, object_name)
        saved = platform().store.reverse(context, work, object_name, record_id, asked)
        need_confirmation(saved.warnings, [object_name, record_id, asked.reason, asked.day])
        return saved.id

    try:
        made = write_once(action)
    except RefusedError as error:
        problems, token = error.problems, token_of(error)
        body = read(lambda context: _reverse_page(context, object_name, record_id, problems, token))
        return make_response(body, status_of(error))
    address = url_for("workspace.record", object_name=object_name, record_id=made, done="reversed")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _reverse_page(
    context: Context,
    object_name: str,
    record_id: str,
    problems: Sequence[Problem],
    token: str | None = None,
) -> str:
    model = known_object(context, object_name)
    found = reader.get(context, object_name, record_id)
    allowed = standing(context, object_name, record_id)
    if model.ledger is None or allowed is False:
        raise NotFoundError(NOT_FOUND.at())
    definition = model.ledger.definition
    amount, day = model.fields[definition.amount], model.fields[definition.date]
    reason = model.fields[str(definition.reason)]
    shown = display_of(context).of
    view = field_view(context.catalog, amount)
    return render(
        context,
        "workspace/reverse.html",
        f"object:{object_name}",
        object=object_name,
        record_id=record_id,
        title=title_of(context, object_name, found),
        amount=(view, shown(view, found.get(amount.name))),
        reason=reason.label,
        length=getattr(reason.options, "length", None),
        day=day.label if day.storage.kind == "date" else None,
        given={"reason": request.form.get("reason", ""), "date": request.form.get("date")},
        today=context.today().isoformat(),
        key=new_key(),
        token=token,
        problems=problems or (() if allowed is True else (allowed,)),
        refused=allowed is not True,
        back=url_for("workspace.record", object_name=object_name, record_id=record_id),
    )


@blueprint.get("/o/<object_name>/balances")
def balances_page(object_name: str) -> Response:
    """What the accounts of a ledger come to as of a day, today without one."""
    on = request.args.get("on") or None

    def action(context: Context) -> Response:
        known_object(context, object_name)
        problems: Sequence[Problem] = ()
        try:
            found = balances(context, object_name, {"on": on})
        except RefusedError as error:
            if on is None:
                raise
            problems, found = error.problems, balances(context, object_name, {})
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
        return make_response(_balances(context, object_name, found, problems), status)

    return read(action)


def _balances(
    context: Context, object_name: str, found: Balances, problems: Sequence[Problem]
) -> str:
    model = context.catalog.objects[object_name]
    if model.ledger is None:
        raise NotFoundError(NOT_FOUND.at())
    definition = model.ledger.definition
    keys = [field_view(context.catalog, model.fields[name]) for name in definition.partition]
    amount = field_view(context.catalog, model.fields[definition.balance])
    shown = display_of(context).of

    def line(item: Mapping[str, Any]) -> dict[str, Any]:
        filters: dict[str, Any] = {
            f"f.{name}": value["id"] if isinstance(value, Mapping) else value
            for name in definition.partition
            if (value := item[name]) is not None
        }
        return {
            "keys": [(view, shown(view, item[view.name])) for view in keys],
            "balance": shown(amount, item["balance"]),
            "entries": item["entries"],
            "address": url_for("workspace.records", object_name=object_name, view="all", **filters),
        }

    return render(
        context,
        "workspace/balances.html",
        f"object:{object_name}",
        plural=model.plural,
        on=found.on.isoformat(),
        keys=keys,
        amount=amount,
        lines=[line(one) for one in found.items],
        cut=found.cut,
        problems=problems,
        back=url_for("workspace.records", object_name=object_name),
    )
