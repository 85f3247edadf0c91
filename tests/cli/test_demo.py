"""The demo workspace: complete, deterministic in time, kept by a second call, finished after a cut."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from headrace import demo
from headrace.cli import main
from headrace.platform import runtime
from headrace.platform.runtime import Platform
from headrace.settings import load_settings


def run(folder: Path, *arguments: str) -> str:
    with contextlib.chdir(folder):
        done = CliRunner(env={"HEADRACE_LANGUAGE": "en"}).invoke(main, ["demo", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Platform]:
    platform = runtime.build(load_settings({}, folder))
    try:
        yield platform
    finally:
        platform.close()


def counts(platform: Platform) -> dict[str, int]:
    live = platform.catalogs.refresh()
    with platform.database.reading() as reading:
        return {
            name: reading.connection.execute(
                sa.select(sa.func.count()).select_from(live.tables.of(name).table)
            ).scalar_one()
            for name in live.catalog.objects
        }


def test_the_demo_is_made_once_and_kept(tmp_path):
    shown = run(tmp_path)
    assert "2025-06-30 18:00" in shown
    assert "http://127.0.0.1:8000" in shown
    key = tmp_path / "var" / "secret_key"
    assert key.stat().st_mode & 0o077 == 0
    first = key.read_text()
    with opened(tmp_path) as platform:
        made = counts(platform)
        assert (made["partner"], made["sales_order"]) == (36, 480)
        assert platform.clock.now().isoformat() == "2025-06-30T10:00:00+00:00"
        for one in demo.sign_ins(platform):
            assert one.login in shown
            assert one.password in shown
        one = demo.sign_ins(platform)[0]
        assert platform.identity.sign_in(one.login, one.password, "127.0.0.1")
        code, name = "MINE", "Mine"
        platform.write_as_system(
            lambda context, work: platform.store.create(
                context, work, "product_category", {"code": code, "name": name}, mode="migration"
            )
        )
    assert "2025-07-01 18:00" in run(tmp_path, "--as-of", "2025-07-01")
    assert "2025-07-01 18:00" in run(tmp_path)
    assert key.read_text() == first
    with opened(tmp_path) as platform:
        assert counts(platform) == {**made, "product_category": made["product_category"] + 1}
        assert platform.catalogs.refresh().version == 1


def test_a_demo_that_was_cut_short_is_completed(tmp_path, monkeypatch):
    settings = load_settings({"HEADRACE_SECRET_KEY": "k" * 40}, tmp_path)
    load = demo.Platform.write_as_system
    calls = []

    def cut(platform, action, actor):
        calls.append(action)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return load(platform, action, actor)

    with monkeypatch.context() as patch:
        patch.setattr(demo.Platform, "write_as_system", cut)
        with pytest.raises(KeyboardInterrupt):
            demo.prepare(settings, None)
    platform = demo.prepare(settings, None)
    assert counts(platform)["sales_order"] == 480
    assert demo.sign_ins(platform)
    platform.close()


def test_the_demo_prints_a_password_only_for_accounts_that_work(tmp_path):
    platform = demo.prepare(load_settings({}, tmp_path), None)
    logins = {user.login for user in platform.identity.users() if user.active}
    shown = {one.login for one in demo.sign_ins(platform)}
    assert shown <= logins
    roles = {role for one in demo.sign_ins(platform) for role in one.roles}
    held = {holding.role for user in platform.identity.users() for holding in user.roles}
    assert roles == held
    platform.close()
