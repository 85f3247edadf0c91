"""Requests that leave the house: to public addresses only, one connection, no redirects, no proxies.

A name is resolved once; every address that it gives must be public, and the connection goes to those
that were looked at. Hosts that a setting names may lie inside, and may be asked without TLS.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from headrace.platform.core.problems import Text

SECONDS: Final = 5.0
"""Seconds of one attempt, from the first packet to the last."""
MOST_ADDRESS: Final = 2_000
MOST_ANSWER: Final = 2_000
_NAME: Final = re.compile(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
_PORTS: Final = {"https": 443, "http": 80}

REASONS: Final[Mapping[str, Text]] = {
    "not_plain": Text("it is not a plain address", "地址格式不正确"),
    "not_https": Text("only https is asked", "仅支持 https"),
    "user": Text("it names a user", "地址中含有用户名"),
    "host": Text("it has no plain host", "主机名不正确"),
    "inside": Text("the host is not a public one", "该主机不是公网主机"),
    "unresolved": Text("the name of the host cannot be resolved", "无法解析主机名"),
    "no_answer": Text("it did not answer in time", "未及时响应"),
    "refused": Text("it did not take the event", "未接受该事件"),
}
"""Why a receiver was not asked, or did not take what was sent, by code."""

Resolve = Callable[[str, int], list[str]]
"""Gives the addresses of a host."""


class AddressError(Exception):
    """An address that is not asked; the code is one of `REASONS`, and never says what it resolved to."""


class ReceiverError(Exception):
    """The receiver could not be reached, or gave no answer in time; the code is one of `REASONS`."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart."""

    scheme: str
    host: str
    port: int
    path: str
    inside: bool
    """Whether the setting lets the host lie inside."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said."""

    status: int
    text: str


def addresses_of(host: str, port: int) -> list[str]:
    """Return the addresses of a host, by the system's resolver."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ReceiverError("unresolved") from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def target_of(address: str, allowed: frozenset[str]) -> Target:
    """Take an address apart; raise AddressError for one that is never asked, whatever it resolves to."""
    if len(address) > MOST_ADDRESS or not address.isascii() or not address.isprintable():
        raise AddressError("not_plain")
    if " " in address or "\\" in address or "#" in address:
        raise AddressError("not_plain")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise AddressError("not_plain") from error
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _PORTS:
        raise AddressError("not_https")
    if "@" in parts.netloc:
        raise AddressError("user")
    if not host or not (_NAME.fullmatch(host) or _is_address(host)):
        raise AddressError("host")
    number = _PORTS[parts.scheme] if port is None else port
    inside = host in allowed or f"{host}:{number}" in allowed
    if parts.scheme != "https" and not inside:
        raise AddressError("not_https")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, number, path, inside)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_public(text: str) -> bool:
    """Say whether an address lies outside: no private, local, mapped or translated one does."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return not address.is_site_local and not _holds_another(address)
    return True


_TRANSLATED: Final = tuple(
    ipaddress.IPv6Network(one)
    for one in (
        "::/96",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
    )
)


def _holds_another(address: ipaddress.IPv6Address) -> bool:
    """Say whether an address stands for one of the older kind, which could be any."""
    return any(address in network for network in _TRANSLATED)


def post(
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    *,
    resolve: Resolve = addresses_of,
    seconds: float = SECONDS,
) -> Answer:
    """Send a body and return the answer, whatever its status; it is never followed elsewhere.

    Raise AddressError where the host lies inside and may not, ReceiverError where nobody answers.
    """
    found = resolve(target.host, target.port)
    if not found:
        raise ReceiverError("unresolved")
    if not target.inside and not all(map(is_public, found)):
        raise AddressError("inside")
    connection = _Pinned(target, found, seconds)
    ended = threading.Timer(seconds, connection.cut)
    ended.daemon = True
    ended.start()
    try:
        connection.request("POST", target.path, body, dict(headers))
        response = connection.getresponse()
        text = response.read(MOST_ANSWER).decode(errors="replace")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ReceiverError("no_answer") from error
    finally:
        ended.cancel()
        connection.close()
    return Answer(response.status, text)


class _Pinned(http.client.HTTPConnection):
    """A connection to the addresses that were looked at, under the host's name."""

    def __init__(self, target: Target, addresses: list[str], seconds: float) -> None:
        super().__init__(target.host, target.port, timeout=seconds)
        self._target = target
        self._addresses = addresses

    def connect(self) -> None:
        made = self._reached()
        if self._target.scheme == "https":
            made = ssl.create_default_context().wrap_socket(made, server_hostname=self._target.host)
        self.sock = made

    def _reached(self) -> Any:
        """Return a socket to the first address that answers."""
        *first, last = self._addresses
        for address in first:
            with contextlib.suppress(OSError):
                return socket.create_connection((address, self.port), self.timeout)
        return socket.create_connection((last, self.port), self.timeout)

    def cut(self) -> None:
        """End the attempt, also one that trickles."""
        held = self.sock
        if held is not None:
            try:
                held.shutdown(socket.SHUT_RDWR)
            except OSError:
                held.close()
