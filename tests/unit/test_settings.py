from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.settings import SETTINGS, load_settings

KEY = "k" * 32


def codes(environment: dict[str, str], folder: Path) -> list[tuple[str, str]]:
    with pytest.raises(RefusedError) as caught:
        load_settings(environment, folder)
    return [(problem.code, problem.path) for problem in caught.value.problems]


def test_defaults_suffice(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)

    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.time_zone.key == "Asia/Shanghai"
    assert settings.secret_key is None


@pytest.mark.parametrize("name", ["plain", "with space", "hash#and?query", "100%25", "中文"])
def test_the_default_database_lies_below_any_folder(tmp_path: Path, name: str) -> None:
    settings = load_settings({}, tmp_path / name)

    url = sa.make_url(settings.database_url)
    assert url.database == str(tmp_path / name / "var" / "headrace.sqlite")
    assert not url.query


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HEADRACE_PORT=9001\nHEADRACE_HOST=0.0.0.0\n")

    settings = load_settings(
        {"HEADRACE_PORT": "9002"},
        tmp_path,
        defaults={"HEADRACE_HOST": "10.0.0.1", "HEADRACE_SECRET_KEY": KEY},
    )

    assert (settings.host, settings.port, settings.secret_key) == ("0.0.0.0", 9002, KEY)  # noqa: S104 - a value


def test_a_file_may_quote_comment_and_hold_other_names(tmp_path: Path) -> None:
    lines = ["# ours", "", f"export HEADRACE_SECRET_KEY='{KEY}'", 'HEADRACE_HOST="::1"', "OTHER=1"]
    (tmp_path / ".env").write_text("\n".join(lines))

    settings = load_settings({}, tmp_path)

    assert settings.secret_key == KEY
    assert settings.base_url == "http://[::1]:8000"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "not an address"),
        ("DATABASE_URL", "mysql://a@b/c"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("SECRET_KEY", "k" * 31),
        ("BASE_URL", "orders.example.com"),
        ("BASE_URL", "ftp://example.com"),
        ("BROKER_URL", "127.0.0.1:6379"),
        ("BROKER_URL", "kafka://127.0.0.1"),
        ("BROKER_URL", "redis:///0"),
        ("BROKER_URL", "amqp://guest:word@host:99999//"),
        ("METRICS_TOKEN", "m" * 31),
        ("HOST", "a b"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "٨٠٠٠"),
        ("PORT", "http"),
        ("TIME_ZONE", "Mars/Base"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("LANGUAGE", "fr"),
        ("SCANNER", "127.0.0.1:3310"),
        ("SCANNER", "tcp://127.0.0.1"),
        ("SCANNER", "tcp://127.0.0.1:99999"),
        ("SCANNER", "tcp://127.0.0.1:3310/scan"),
        ("SCANNER", "unix://clamd.ctl"),
        ("SCANNER", "http://127.0.0.1:3310"),
    ],
)
def test_a_wrong_value_is_refused(tmp_path: Path, name: str, value: str) -> None:
    variable = f"HEADRACE_{name}"

    assert codes({variable: value}, tmp_path) == [("settings.invalid", f"/{variable}")]


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("no equals sign\nHEADRACE_PROT=1\n")

    assert codes({"HEADRACE_PORT": "x", "HEADRACE_TIME_ZONE": "x"}, tmp_path) == [
        ("settings.malformed_file", ""),
        ("settings.unknown", "/HEADRACE_PROT"),
        ("settings.invalid", "/HEADRACE_PORT"),
        ("settings.invalid", "/HEADRACE_TIME_ZONE"),
    ]


def test_a_misspelt_name_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        load_settings({"HEADRACE_PROT": "1"}, tmp_path)

    assert "HEADRACE_PORT" in caught.value.problems[0].hint.en


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        load_settings({"HEADRACE_DATABASE_URL": "oracle://u:hunter2@h/d"}, tmp_path)

    assert "hunter2" not in str(caught.value)


def test_without_a_key_nothing_is_signed(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        load_settings({}, tmp_path).required_secret_key()

    assert caught.value.problems[0].code == "settings.secret_key_missing"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "HEADRACE_LANGUAGE": "en"}, "en"),
    ],
)
def test_commands_speak_the_language_of_the_locale(
    tmp_path: Path, environment: dict[str, str], language: str
) -> None:
    assert load_settings(environment, tmp_path).language == language


def test_settings_are_told_apart_by_name() -> None:
    assert len({one.name for one in SETTINGS}) == len(SETTINGS)
