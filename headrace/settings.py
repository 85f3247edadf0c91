"""The settings of an installation: `HEADRACE_*` variables over a `.env` file over defaults.

`SETTINGS` is the one list of them; `load_settings` checks all at once and `docs/reference`
is written from the same list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Language, Message, Problem, Text, pointer
from headrace.platform.mailing.server import PORTS as SMTP_PORTS

PREFIX: Final = "HEADRACE_"
SECRET_KEY_LENGTH: Final = 32
HIGHEST_PORT: Final = 65535
BROKERS: Final = ("redis", "rediss", "amqp", "amqps")
"""How the address of a broker begins: Redis (or one that speaks as it does), RabbitMQ."""
MOST_ROWS: Final = 1_000_000_000
MOST_LINK_HOURS: Final = 30 * 24

INVALID: Final = Message(
    "settings.invalid",
    "The setting {name} cannot be used: {reason}.",
    "设置 {name} 无效：{reason}。",
    "{remedy}",
    "{remedy}",
)
UNKNOWN: Final = Message(
    "settings.unknown",
    "There is no setting {name} in this version.",
    "此版本没有名为 {name} 的设置。",
    "{remedy}",
    "{remedy}",
)
MALFORMED_FILE: Final = Message(
    "settings.malformed_file",
    "Line {line} of {file} is not NAME=value.",
    "{file} 的第 {line} 行不是 NAME=value 的形式。",
    "Write one NAME=value a line; quote a value that starts or ends with a space.",
    "每行写一个 NAME=value；首尾有空格的值请加引号。",
)
MISSING_SECRET_KEY: Final = Message(
    "settings.secret_key_missing",
    "HEADRACE_SECRET_KEY is not set; sessions cannot be signed without it.",
    "未设置 HEADRACE_SECRET_KEY，没有它无法为会话签名。",
    "Set it to at least 32 random characters and keep it secret and the same for all servers.",
    "请设置至少 32 个随机字符，妥善保密，并在所有服务器上保持一致。",
)
MISSING_MAIL_FROM: Final = Message(
    "settings.mail_from_missing",
    "HEADRACE_SMTP_URL is set, but not from whom mail comes.",
    "已设置 HEADRACE_SMTP_URL，但未设置发件地址。",
    "Set HEADRACE_MAIL_FROM to an address of your own domain.",
    "请将 HEADRACE_MAIL_FROM 设为本域名的邮箱地址。",
)


class _UnusableError(Exception):
    """A value that a setting cannot take, with reason and remedy in both languages."""

    def __init__(self, reason: Text, remedy: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is documented and checked."""

    name: str
    default: str
    about: Text
    check: Callable[[str], None]

    @property
    def variable(self) -> str:
        """The name of the environment variable."""
        return PREFIX + self.name.upper()


@dataclass(frozen=True, slots=True)
class Settings:
    """The checked settings of this process."""

    database_url: str
    secret_key: str | None
    base_url: str
    broker_url: str
    host: str
    port: int
    time_zone: ZoneInfo
    language: Language
    prepared_from: int
    import_rows: int
    scanner: str
    webhook_hosts: frozenset[str]
    smtp_url: str
    mail_from: str
    link_hours: int
    metrics_token: str

    def required_secret_key(self) -> str:
        """Return the key that signs sessions, or refuse to start."""
        if self.secret_key is None:
            raise RefusedError(MISSING_SECRET_KEY.at(pointer(PREFIX + "SECRET_KEY")))
        return self.secret_key


def _check_database_url(value: str) -> None:
    form = Text(
        "Write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE.",
        "请写成 sqlite:///文件 或 postgresql://用户：密码@主机/数据库。",
    )
    try:
        url = sa.make_url(value)
    except sa.exc.ArgumentError:
        # The library's own message would show the password.
        raise _UnusableError(Text("it is not a database address", "不是数据库地址"), form) from None
    if url.drivername not in ("sqlite", "postgresql", "postgresql+psycopg"):
        raise _UnusableError(
            Text("only SQLite and PostgreSQL are supported", "仅支持 SQLite 和 PostgreSQL"), form
        )
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise _UnusableError(
            Text("a database in memory is lost with its process", "内存数据库会随进程消失"), form
        )


def _check_secret_key(value: str) -> None:
    if value and len(value) < SECRET_KEY_LENGTH:
        raise _UnusableError(
            Text("it has fewer than 32 characters", "不足 32 个字符"),
            Text("Use at least 32 random characters.", "请使用至少 32 个随机字符。"),
        )


def _check_base_url(value: str) -> None:
    if not value:
        return
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise _UnusableError(
            Text("it is not a web address", "不是网址"),
            Text(
                "Write the address people open, such as https://orders.example.com.",
                "请填写用户访问的地址，例如 https://orders.example.com。",
            ),
        )


def _check_broker_url(value: str) -> None:
    form = Text(
        "Write redis://HOST:PORT/NUMBER or amqp://USER:PASSWORD@HOST:PORT/PATH; leave it empty to"
        " do without a broker.",
        "请写成 redis://主机：端口/编号 或 amqp://用户：密码@主机：端口/路径；不使用消息代理时请留空。",
    )
    try:
        parts = urlsplit(value)
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        # The library's own message would show the password.
        raise _UnusableError(Text("it is not an address", "不是地址"), form) from None
    if value and parts.scheme not in BROKERS:
        raise _UnusableError(
            Text("only Redis and RabbitMQ are supported", "仅支持 Redis 和 RabbitMQ"), form
        )
    if value and not whole:
        raise _UnusableError(Text("it names no host", "未指定主机"), form)


def _check_metrics_token(value: str) -> None:
    if value and len(value) < SECRET_KEY_LENGTH:
        raise _UnusableError(
            Text("it has fewer than 32 characters", "不足 32 个字符"),
            Text("Use at least 32 random characters.", "请使用至少 32 个随机字符。"),
        )


def _check_host(value: str) -> None:
    if not value or any(character.isspace() or character == "/" for character in value):
        raise _UnusableError(
            Text("it is not a host name or address", "不是主机名或地址"),
            Text("Write 127.0.0.1, 0.0.0.0 or a name.", "请写 127.0.0.1、0.0.0.0 或主机名。"),
        )


def _check_port(value: str) -> None:
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= HIGHEST_PORT):
        raise _UnusableError(
            Text("it is not a port", "不是端口号"),
            Text("Write a whole number from 1 to 65535.", "请写 1 到 65535 之间的整数。"),
        )


def _check_rows(value: str) -> None:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= MOST_ROWS:
        raise _UnusableError(
            Text("it is not a number of rows", "不是行数"),
            Text(
                f"Write a whole number from 1 to {MOST_ROWS}.", f"请填写 1 到 {MOST_ROWS} 的整数。"
            ),
        )


def _check_scanner(value: str) -> None:
    form = Text(
        "Write tcp://HOST:PORT or unix:///PATH of clamd.",
        "请写 clamd 的地址 tcp://主机：端口 或 unix:///路径。",
    )
    try:
        parts = urlsplit(value)
        by_port = parts.scheme == "tcp" and bool(parts.hostname and parts.port) and not parts.path
    except ValueError:
        raise _UnusableError(Text("it is not an address", "不是地址"), form) from None
    by_path = parts.scheme == "unix" and not parts.netloc and len(parts.path) > 1
    if value and not by_port and not by_path:
        raise _UnusableError(Text("it is not an address", "不是地址"), form)


def _check_hosts(value: str) -> None:
    for host in filter(None, (one.strip() for one in value.split(","))):
        if not re.fullmatch(r"[a-z0-9.:_-]+", host):
            raise _UnusableError(
                Text(f"“{host}” is no host", f"“{host}”不是主机"),
                Text(
                    "Write hosts, each with a port or without: erp.local,10.0.0.7:8443.",
                    "请写主机，可带端口，以逗号分隔：erp.local,10.0.0.7:8443。",
                ),
            )


def _check_smtp_url(value: str) -> None:
    form = Text(
        "Write smtp://USER:PASSWORD@HOST (STARTTLS) or smtps://USER:PASSWORD@HOST (TLS at once);"
        " smtp+plain://HOST, without user, sends without TLS.",
        "请写 smtp://用户：密码@主机（STARTTLS）或 smtps://用户：密码@主机（直接 TLS）；"
        "smtp+plain://主机（不带用户）不使用 TLS。",
    )
    if not value:
        return
    # The value holds a password: no reason repeats any of it.
    wrong = _UnusableError(Text("it is not a mail server", "不是邮件服务器地址"), form)
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise wrong from None
    more = parts.path.strip("/") or parts.query or parts.fragment
    if not usable or more or parts.scheme not in SMTP_PORTS:
        raise wrong
    if parts.scheme == "smtp+plain" and parts.username:
        raise _UnusableError(
            Text("a password is never sent without TLS", "不会在没有 TLS 时发送密码"), form
        )


def _check_mail_from(value: str) -> None:
    if value and not re.fullmatch(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,250}", value):
        raise _UnusableError(
            Text("it is not a mail address", "不是邮箱地址"),
            Text("Write NAME@HOST, without a display name.", "请写 名称@主机，不带显示名。"),
        )


def _check_hours(value: str) -> None:
    if not value.isascii() or not value.isdigit() or int(value) > MOST_LINK_HOURS:
        raise _UnusableError(
            Text("it is not a number of hours", "不是小时数"),
            Text(
                f"Write a whole number from 0 to {MOST_LINK_HOURS}.",
                f"请填写 0 到 {MOST_LINK_HOURS} 的整数。",
            ),
        )


def _check_time_zone(value: str) -> None:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise _UnusableError(
            Text("there is no such time zone", "没有这个时区"),
            Text(
                "Write an IANA name such as Asia/Shanghai.",
                "请写 IANA 时区名，例如 Asia/Shanghai。",
            ),
        ) from None


def _check_language(value: str) -> None:
    if value not in ("", "en", "zh"):
        raise _UnusableError(
            Text("there is no such language", "没有这种语言"),
            Text("Write en or zh.", "请写 en 或 zh。"),
        )


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "database_url",
        "",
        Text(
            "The database: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`."
            " Default: the SQLite file `var/headrace.sqlite` in the working folder.",
            "数据库：`sqlite:///文件` 或 `postgresql://用户:密码@主机/数据库`。"
            "默认：工作目录下的 SQLite 文件 `var/headrace.sqlite`。",
        ),
        lambda value: _check_database_url(value) if value else None,
    ),
    Setting(
        "secret_key",
        "",
        Text(
            "Signs sessions; at least 32 random characters, the same for all servers."
            " `serve` does not start without it; `demo` makes one of its own.",
            "用于会话签名；至少 32 个随机字符，所有服务器须一致。"
            "未设置时 `serve` 不启动；`demo` 会自行生成。",
        ),
        _check_secret_key,
    ),
    Setting(
        "base_url",
        "",
        Text(
            "The address people open, for links in messages."
            " Default: made from the host and the port.",
            "用户访问的地址，用于消息中的链接。默认由主机和端口组成。",
        ),
        _check_base_url,
    ),
    Setting(
        "broker_url",
        "",
        Text(
            "The broker that wakes workers up: `redis://HOST:PORT/NUMBER` or"
            " `amqp://USER:PASSWORD@HOST:PORT/PATH` (RabbitMQ); needs `headrace[celery]`."
            " Empty: the servers do the jobs themselves.",
            "唤醒工作进程的消息代理：`redis://主机:端口/编号` 或 `amqp://用户:密码@主机:端口/路径`（RabbitMQ）；"
            "需要 `headrace[celery]`。留空：由服务器自行执行作业。",
        ),
        _check_broker_url,
    ),
    Setting(
        "host",
        "127.0.0.1",
        Text("Where to serve: host name or address.", "服务监听的主机名或地址。"),
        _check_host,
    ),
    Setting("port", "8000", Text("Where to serve: port.", "服务监听的端口。"), _check_port),
    Setting(
        "time_zone",
        "Asia/Shanghai",
        Text(
            "The workspace's time zone: where a business day starts and ends.",
            "工作区时区：决定业务日的起止。",
        ),
        _check_time_zone,
    ),
    Setting(
        "language",
        "",
        Text(
            "The language of commands: `en` or `zh`. Default: as the locale says.",
            "命令行的语言：`en` 或 `zh`。默认取系统语言。",
        ),
        _check_language,
    ),
    Setting(
        "prepared_from",
        "10000",
        Text(
            "Rows of an object from which a publish prepares its changes beside those who use it,"
            " instead of doing all in one transaction.",
            "对象达到此行数时，发布会在不影响使用者的情况下预先准备更改，而不是在一个事务中完成。",
        ),
        _check_rows,
    ),
    Setting(
        "import_rows",
        "100000",
        Text(
            "Rows that one file may bring: an import with more is refused before anything is written.",
            "单个文件最多可导入的行数；超出时在写入前即被拒绝。",
        ),
        _check_rows,
    ),
    Setting(
        "scanner",
        "",
        Text(
            "The virus scanner that looks into every uploaded file: `tcp://HOST:PORT` or `unix:///PATH`"
            " of ClamAV's clamd. While it gives no answer, files are refused. Default: none.",
            "检查每个上传文件的病毒扫描程序：ClamAV clamd 的 `tcp://主机:端口` 或 `unix:///路径`。"
            "扫描程序无响应时拒绝文件。默认不扫描。",
        ),
        _check_scanner,
    ),
    Setting(
        "webhook_hosts",
        "",
        Text(
            "Hosts that webhooks may reach although they lie inside, and without TLS: `HOST` or"
            " `HOST:PORT`, by commas. Default: none; webhooks go to public hosts by https only.",
            "允许 Webhook 访问的内部主机（可不使用 TLS）：`主机` 或 `主机:端口`，以逗号分隔。"
            "默认为空：Webhook 仅以 https 访问公网主机。",
        ),
        _check_hosts,
    ),
    Setting(
        "smtp_url",
        "",
        Text(
            "The server that takes mail: `smtp://USER:PASSWORD@HOST` (STARTTLS, port 587),"
            " `smtps://…` (TLS at once, port 465), or `smtp+plain://HOST` (no TLS, no password,"
            " port 25). Default: none; people are told inside the product only.",
            "发送邮件的服务器：`smtp://用户:密码@主机`（STARTTLS，端口 587）、`smtps://…`（直接 TLS，端口 465）"
            "或 `smtp+plain://主机`（无 TLS、无密码，端口 25）。默认不发送邮件，仅在系统内通知。",
        ),
        _check_smtp_url,
    ),
    Setting(
        "mail_from",
        "",
        Text(
            "The address that mail comes from. Needed with `HEADRACE_SMTP_URL`.",
            "邮件的发件地址。设置 `HEADRACE_SMTP_URL` 时必填。",
        ),
        _check_mail_from,
    ),
    Setting(
        "link_hours",
        "72",
        Text(
            "Hours for which a link in mail lets its reader decide a task without signing in."
            " 0: mail carries no such links.",
            "邮件中的链接在多少小时内可免登录处理任务。0：邮件不带此类链接。",
        ),
        _check_hours,
    ),
    Setting(
        "metrics_token",
        "",
        Text(
            "Who sends it as bearer token may read `/metrics`; at least 32 random characters."
            " Empty: there are no metrics.",
            "以 Bearer 令牌发送此值者可读取 `/metrics`；至少 32 个随机字符。留空则不提供指标。",
        ),
        _check_metrics_token,
    ),
)


def load_settings(
    environment: Mapping[str, str],
    folder: Path,
    *,
    defaults: Mapping[str, str] | None = None,
) -> Settings:
    """Read and check the settings; `folder` holds `.env` and, by default, the database.

    `defaults` are used where neither the environment nor the file says anything (the demo's key).
    Raise `RefusedError` with every problem found.
    """
    problems: list[Problem] = []
    given = {
        **(defaults or {}),
        **_from_file(folder / ".env", problems),
        **{name: value for name, value in environment.items() if name.startswith(PREFIX)},
    }
    values = _checked(given, problems)
    if values["smtp_url"] and not values["mail_from"]:
        problems.append(MISSING_MAIL_FROM.at(pointer(PREFIX + "MAIL_FROM")))
    if problems:
        raise RefusedError.of(problems)
    host, port = values["host"], int(values["port"])
    return Settings(
        database_url=values["database_url"] or _default_database_url(folder),
        secret_key=values["secret_key"] or None,
        base_url=values["base_url"].rstrip("/") or f"http://{_in_address(host)}:{port}",
        broker_url=values["broker_url"],
        host=host,
        port=port,
        time_zone=ZoneInfo(values["time_zone"]),
        language=_language(values["language"], environment),
        prepared_from=int(values["prepared_from"]),
        import_rows=int(values["import_rows"]),
        scanner=values["scanner"],
        webhook_hosts=frozenset(
            filter(None, (one.strip() for one in values["webhook_hosts"].split(",")))
        ),
        smtp_url=values["smtp_url"],
        mail_from=values["mail_from"],
        link_hours=int(values["link_hours"]),
        metrics_token=values["metrics_token"],
    )


def _checked(given: Mapping[str, str], problems: list[Problem]) -> dict[str, str]:
    known = {setting.variable: setting for setting in SETTINGS}
    problems.extend(_unknown(name, known) for name in given if name not in known)
    values = {}
    for variable, setting in known.items():
        value = given.get(variable, "").strip() or setting.default
        try:
            setting.check(value)
        except _UnusableError as error:
            problems.append(
                INVALID.at(
                    pointer(variable), name=variable, reason=error.reason, remedy=error.remedy
                )
            )
        values[setting.name] = value
    return values


def _unknown(name: str, known: Mapping[str, Setting]) -> Problem:
    close = get_close_matches(name, known, n=1)
    remedy = (
        Text(f"Did you mean {close[0]}?", f"您是否想写 {close[0]}？")
        if close
        else Text("Remove it.", "请删除它。")
    )
    return UNKNOWN.at(pointer(name), name=name, remedy=remedy)


def _default_database_url(folder: Path) -> str:
    path = folder.resolve() / "var" / "headrace.sqlite"
    return sa.URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _language(chosen: str, environment: Mapping[str, str]) -> Language:
    if chosen:
        return "zh" if chosen == "zh" else "en"
    locales = (environment.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, locales), "").lower().startswith("zh") else "en"


def _from_file(path: Path, problems: list[Problem]) -> dict[str, str]:
    """Read `NAME=value` lines; names that are not ours are left alone."""
    if not path.is_file():
        return {}
    values = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip().removeprefix("export ").strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            problems.append(MALFORMED_FILE.at("", line=number, file=path.name))
        elif name.strip().startswith(PREFIX):
            values[name.strip()] = _unquoted(value.strip())
    return values


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value
