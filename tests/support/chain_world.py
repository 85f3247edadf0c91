"""Parcels, lines, orders, accounts, areas: each holds a figure over the one before, five deep."""

from __future__ import annotations

from typing import Any

from tests.support.documents import field, label
from tests.support.publishing import MODULE, Contents
from tests.support.rollup_world import rollup


def chain_contents() -> Contents:
    """Return fresh documents of the chain."""
    objects: list[dict[str, Any]] = [
        {
            "name": "area",
            "fields": [
                field("code", "text", length=20),
                rollup("available", "sum", "account.available", by="area"),
                rollup("tightest", "min", "account.available", by="area"),
            ],
        },
        {
            "name": "firm",
            "fields": [field("code", "text", length=20)],
        },
        {
            "name": "account",
            "fields": [
                field("firm", "lookup", to="firm", unique=True),
                field("area", "lookup", to="area"),
                field("limit", "money", default="1000000"),
                rollup("reserved", "sum", "sale.unshipped", on=["firm"], where="active = TRUE"),
                rollup("largest", "max", "sale.unshipped", on=["firm"]),
                field("available", "formula", returns="money", formula="limit - reserved"),
            ],
        },
        {
            "name": "sale",
            "fields": [
                field("firm", "lookup", to="firm"),
                field("active", "boolean", default="TRUE"),
                rollup("unshipped", "sum", "sale_line.open_amount", by="sale"),
                rollup("mean_open", "avg", "sale_line.open_amount", by="sale"),
            ],
            "children": [{"name": "lines", "object": "sale_line", "by": "sale"}],
        },
        {
            "name": "sale_line",
            "fields": [
                field("sale", "master_detail", to="sale", required=True),
                field("qty", "quantity", default="10"),
                field("price", "money", default="2.50"),
                rollup("shipped", "sum", "parcel.qty", by="line"),
                rollup("last_qty", "last", "parcel.qty", by="line", last_by="rank"),
                field(
                    "open_amount",
                    "formula",
                    returns="money",
                    formula="ROUND((qty - shipped) * price, 2)",
                ),
            ],
        },
        {
            "name": "parcel",
            "fields": [
                field("line", "lookup", to="sale_line"),
                field("qty", "quantity", default="1"),
                field("rank", "integer", default="1"),
            ],
        },
    ]
    contents: Contents = {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Chain", "链"),
        }
    }
    for one in objects:
        name = one["name"]
        contents["object", name] = {"kind": "object", "label": label(name, name), **one}
    return contents
