"""A whole platform over an empty database, published and peopled, with the real web application."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask
from flask.testing import FlaskClient

from headrace.app import create_app
from headrace.platform import runtime
from headrace.platform.access.principals import RoleHolding
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.folders import Modules
from headrace.platform.runtime import Platform
from headrace.settings import Settings, load_settings
from tests.support.described import hold_to_shapes
from tests.support.documents import workspace
from tests.support.templates import filled, initialised

PASSWORD = "a good long password"
SECRET = "a secret key that only the tests know, long enough"
Contents = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass
class Live:
    """The platform, its application, ids of what was made, tokens by login."""

    platform: Platform
    app: Flask
    ids: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, login: str | None = None) -> FlaskClient:
        client = self.app.test_client()
        if login is not None:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.tokens[login]}"
        return client

    def renewed_client(self, login: str) -> FlaskClient:
        """Return a caller with a new token: who got a new password has no others any more."""
        identity = self.platform.identity
        self.tokens[login] = self.platform.write_as_system(
            lambda _, work: identity.create_token(work, self.ids[login], "test")
        )
        return self.client(login)

    def publish(self, contents: Contents, message: str = "test") -> int:
        documents = tuple(Document("claims", one) for one in contents.values())
        plan = self.platform.publisher.plan_modules(Modules(("claims",), documents, (), ()))
        return self.platform.publisher.publish(plan, message, None).version

    def create(self, object_name: str, data: Mapping[str, Any]) -> str:
        return self.platform.write_as_system(
            lambda context, work: self.platform.store.create(context, work, object_name, data).id
        )

    def add_user(
        self,
        login: str,
        *roles: RoleHolding | str,
        organisation: str | None = None,
        password: str | None = None,
    ) -> str:
        held = [RoleHolding(one) if isinstance(one, str) else one for one in roles]
        identity = self.platform.identity

        def make(_context: Any, work: Any) -> tuple[str, str]:
            user_id = identity.create_user(
                work,
                login=login,
                name=login.title(),
                password=password,
                organisation=organisation,
                roles=held,
            )
            return user_id, identity.create_token(work, user_id, "test")

        user_id, self.tokens[login] = self.platform.write_as_system(make)
        self.ids[login] = user_id
        return user_id


LiveT = TypeVar("LiveT", bound=Live)


def open_platform(url: str, **more: str) -> Platform:
    settings = _settings(url, **more)
    initialised(url, settings.time_zone)
    return runtime.build(settings)


def _settings(url: str, **more: str) -> Settings:
    variables = {"HEADRACE_DATABASE_URL": url, "HEADRACE_SECRET_KEY": SECRET, **more}
    return load_settings(variables, Path("/nonexistent"))


def open_filled(
    kind: Callable[[Platform, Flask], LiveT],
    url: str,
    key: Any,
    fill: Callable[[LiveT], object],
    **settings: str,
) -> LiveT:
    """Open a platform in an empty database, with what `fill` makes; `key` says what that is."""

    def over(platform: Platform) -> LiveT:
        app = create_app(platform)
        app.testing = True
        hold_to_shapes(app)
        return kind(platform, app)

    def make(place: str) -> tuple[dict[str, str], dict[str, str]]:
        live = over(open_platform(place, **settings))
        fill(live)
        live.platform.close()
        return live.ids, live.tokens

    ids, tokens = filled(url, ("live", json.dumps([key, settings])), make)
    live = over(runtime.build(_settings(url, **settings)))
    live.ids.update(ids)
    live.tokens.update(tokens)
    return live


def open_live(
    url: str, change: Callable[[dict[Any, Any]], object] | None = None, **settings: str
) -> Live:
    """Publish the claims workspace; two dealers, a sub-dealer of the first, and the house's own."""
    contents = workspace()
    if change is not None:
        change(contents)

    def fill(live: Live) -> None:
        live.publish(contents)
        _add_people(live)

    return open_filled(Live, url, list(contents.values()), fill, **settings)


def _add_people(live: Live) -> None:
    ids = live.ids
    for code, parent in (("land", None), ("east", "land"), ("west", "land")):
        data = {"code": code, "name": code.title(), "parent": ids.get(parent or "")}
        ids[code] = live.create("region", data)
    live.add_user("manager", "boss")
    for code, region, parent in (
        ("acme", "east", None),
        ("sub", "east", "acme"),
        ("rival", "west", None),
    ):
        ids[code] = live.create(
            "company",
            {
                "code": code,
                "name": f"Company {code}",
                "region": ids[region],
                "parent": ids.get(parent or ""),
                "manager": ids["manager"],
                "note": f"secret note on {code}",
            },
        )
    live.add_user("admin", "admin")
    live.add_user("boss", RoleHolding("boss", ids["land"]))
    live.add_user("fin", "finance")
    live.add_user("ann", "dealer", organisation=ids["acme"])
    live.add_user("bob", "dealer", organisation=ids["rival"])
