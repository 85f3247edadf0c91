"""Tries out a published workspace from one end to the other: whatever was accepted has to work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from headrace.app import create_app
from headrace.platform.core.errors import PlatformError
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.folders import Modules
from tests.support.live import PASSWORD, Live, open_platform
from tests.support.surfing import Surfer

WORKS = frozenset({200, 201, 204, 302, 303})
REFUSED = frozenset({400, 403, 404, 409, 412, 422})


class BrokenError(AssertionError):
    """Something that was accepted does not work."""


class Trial:
    """One published workspace, tried by somebody who holds every role of the house."""

    def __init__(self, url: str, documents: Sequence[Document], random: Random) -> None:
        platform = open_platform(url)
        self.live = Live(platform, create_app(platform))
        self.live.app.testing = True
        self.random = random
        self.made: dict[str, list[str]] = {}
        modules = tuple(dict.fromkeys(one.module for one in documents))
        # What scenarios expect of the seeds need not hold of changed ones, which come without rows too.
        kept = tuple(one for one in documents if one.kind != "scenario")
        sent = Modules(modules, kept, (), ())
        plan = platform.publisher.plan_modules(sent)
        if plan.refused:
            raise BrokenError(f"checked, but no plan: {[(p.code, p.path) for p in plan.refused]}")
        platform.publisher.publish(plan, "trial", None)

    @property
    def catalog(self) -> Catalog:
        return self.live.platform.catalogs.refresh().catalog

    def close(self) -> None:
        self.live.platform.close()

    def run(self) -> int:
        """Try everything; return the number of records that could be made."""
        catalog = self.catalog
        roles = [name for name, role in catalog.roles.items() if role.audience == "internal"]
        self.live.add_user("admin", *roles, password=PASSWORD)
        for name in catalog.objects:
            self.record(name, 0)
        self.through_the_api()
        self.through_the_pages()
        self.exported()
        return sum(map(len, self.made.values()))

    # -- records --------------------------------------------------------------------------------

    def record(self, name: str, depth: int) -> str | None:
        """Make a record, with those that it refers to; None where its rules do not let it be."""
        model = self.catalog.objects[name]
        for attempt in range(4):
            data = self.values(model, depth, full=attempt % 2 == 0)
            try:
                made = self.live.create(name, data)
            except PlatformError as refusal:
                last = refusal
                continue
            self.made.setdefault(name, []).append(made)
            return made
        assert last.problems
        return None

    def values(self, model: ObjectModel, depth: int, *, full: bool) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for field in model.fields.values():
            by_hand = not field.system and not field.computed
            if not by_hand or field.definition.written_by == "system":
                continue
            needed = field.definition.required and field.default is None
            if needed or full or self.random.random() < 0.3:
                value = self.value(field, depth)
                if value is not None:
                    data[field.name] = value
        for child in model.children:
            if (child.min or full) and depth < 2:
                detail = self.catalog.objects[child.object]
                rows = [self.values(detail, depth + 1, full=full) for _ in range(max(1, child.min))]
                data[child.name] = [
                    {key: value for key, value in row.items() if key != child.by}
                    for row in rows[: min(child.max, 3)]
                ]
        return data

    def value(self, field: FieldModel, depth: int) -> Any:
        if field.target == "user":
            return self.live.ids["admin"]
        if field.target is not None:
            known = self.made.get(field.target)
            if known:
                return self.random.choice(known)
            return self.record(field.target, depth + 1) if depth < 3 else None
        match field.type.key:
            case "choice":
                return self.random.choice(field.options.choices).value
            case "integer" | "decimal" | "money" | "quantity" | "percent":
                return str(self.random.choice((*field.type.bounds(field.options), 1, 5, 10)))
            case "boolean":
                return self.random.random() < 0.5
            case "date":
                return self.random.choice(("2025-06-10", "2024-02-29", "0001-01-01", "9999-12-31"))
            case "datetime":
                return "2025-06-10T10:04:00+08:00"
            case "email":
                return f"a{self.random.randrange(10**6)}@example.com"
            case "phone":
                return "0571-88001234"
            case "url":
                return "https://example.com/a?b=1"
            case _:
                length = getattr(field.options, "length", 10)
                return f"中{self.random.randrange(10**9)}'\"<b>"[: min(length, 20)]

    # -- doors ----------------------------------------------------------------------------------

    def through_the_api(self) -> None:
        client = self.live.client("admin")
        self.get(client, "/api/v1/openapi.json", WORKS)
        for name in self.catalog.objects:
            self.get(client, f"/api/v1/records/{name}?count=true&limit=5")
            for record in self.made.get(name, ())[:2]:
                self.get(client, f"/api/v1/records/{name}/{record}")
                self.get(client, f"/api/v1/records/{name}/{record}/history")
                self.get(client, f"/api/v1/records/{name}/{record}/approvals")
            sent = self.values(self.catalog.objects[name], 2, full=True)
            answer = client.post(f"/api/v1/records/{name}", json=sent)
            self.look(f"POST {name} {json.dumps(sent)[:300]}", answer.status_code, answer)
            self.transitions(client, name)
        for name in self.catalog.reports:
            self.get(client, f"/api/v1/reports/{name}")
            self.get(client, f"/api/v1/reports/{name}/rows")

    def transitions(self, client: Any, name: str) -> None:
        workflow = self.catalog.workflows.get(self.catalog.objects[name].workflow or "")
        for record in self.made.get(name, ())[:1]:
            for one in workflow.transitions if workflow else ():
                path = f"/api/v1/records/{name}/{record}/transitions/{one}"
                found = client.get(f"/api/v1/records/{name}/{record}")
                headers = {"If-Match": found.headers.get("ETag", "*")}
                answer = client.post(path, json={"comment": "a"}, headers=headers)
                self.look(path, answer.status_code, answer)

    def through_the_pages(self) -> None:
        client = Surfer(self.live, "admin").client
        self.get(client, "/", WORKS)
        self.get(client, "/reports/")
        self.get(client, "/search?q=a")
        for name in self.catalog.objects:
            self.get(client, f"/o/{name}")
            self.get(client, f"/o/{name}/new")
            for record in self.made.get(name, ())[:1]:
                self.get(client, f"/o/{name}/{record}")
                self.get(client, f"/o/{name}/{record}/edit")
        for name, view in self.catalog.views.items():
            self.get(client, f"/o/{view.definition.object}?view={name}")
        for name in self.catalog.reports:
            self.get(client, f"/reports/{name}")

    def exported(self) -> None:
        client = self.live.client("admin")
        first, second = (client.get("/api/v1/metadata/export") for _ in range(2))
        if first.status_code not in REFUSED:
            self.look("export", first.status_code, first, WORKS)
            assert first.get_data() == second.get_data()

    def get(self, client: Any, path: str, allowed: frozenset[int] = WORKS | REFUSED) -> None:
        answer = client.get(path)
        self.look(f"GET {path}", answer.status_code, answer, allowed)

    def look(
        self, what: str, status: int, answer: Any, allowed: frozenset[int] = WORKS | REFUSED
    ) -> None:
        if status not in allowed:
            raise BrokenError(f"{what}: {status} {answer.get_data(as_text=True)[:600]}")
