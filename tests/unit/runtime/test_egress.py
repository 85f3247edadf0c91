"""Addresses that webhooks never reach, in all the ways in which they can be written."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from headrace.platform.automation.egress import (
    AddressError,
    ReceiverError,
    addresses_of,
    is_public,
    post,
    target_of,
)
from tests.support.receiver import Receiver, receiving

NONE: frozenset[str] = frozenset()
INSIDE = (  # addresses as data: nothing is bound to them
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1"),  # noqa: S104 - refused
    *("169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1"),
    *("fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1"),
    *("::ffff:a9fe:a9fe", "::ffff:8.8.8.8", "::7f00:1", "::127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b:1::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001::1", "fec0::1"),
    *("not an address", ""),
)
NEVER = (
    *("s//example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/"),
    *("javascript:alert(1)", "//example.com/", "example.com", "", "S//", "S///x"),
    *("S//user@example.com/", "S//user:pw@example.com/", "S//a@b@example.com/"),
    *("S//example.com\\@127.0.0.1/", "S//example.com#@127.0.0.1/"),
    *("S//exa mple.com/", "S//example.com/\r\nX: y", "S//ex\tample.com/"),
    *("S//127。0。0。1/", "S//①②⑦.0.0.1/", "S//bücher.example/"),
    *("S//[::1", "S//example.com:port/", "S//example.com:99999/", "S//-x.com/"),
    "S//example.com/" + "a" * 3_000,
)
NUMBERS = (
    *("S//2130706433/", "S//0x7f000001/", "S//0177.0.0.1/", "S//127.1/"),
    *(
        "S//0x7f.1/",
        "S//017700000001/",
        "S//0/",
        "S//[::1]/",
        "S//127.0.0.1/",
    ),
    *("S//[::ffff:127.0.0.1]/", "S//[64:ff9b::7f00:1]/", "S//169.254.169.254/"),
    *("S//localhost/", "S//LOCALHOST./", "S//10.0.0.1:8443/x?y"),
)


def spelt(text: str) -> str:
    """Return an address; none of another machine's stands in a file."""
    return text.replace("S//", "https:" + "//").replace("s//", "http:" + "//")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.mark.parametrize("address", INSIDE)
def test_an_inner_address_is_not_public(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"])
def test_a_public_address_is(address: str):
    assert is_public(address)


@pytest.mark.parametrize("address", NEVER)
def test_what_is_no_plain_https_address_is_refused_unasked(address: str):
    with pytest.raises(AddressError):
        target_of(spelt(address), NONE)


@pytest.mark.parametrize("address", NUMBERS)
def test_whatever_leads_inside_is_refused_before_a_connection(address: str, monkeypatch):
    def connect(*_: object) -> None:
        raise AssertionError("nothing may be connected to")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises((AddressError, ReceiverError)):
        post(target_of(spelt(address), NONE), b"{}", {})


def test_one_inner_address_among_public_ones_is_enough(monkeypatch):
    monkeypatch.setattr(socket, "create_connection", None)
    with pytest.raises(AddressError):
        post(
            target_of("https://example.com/", NONE),
            b"",
            {},
            resolve=lambda *_: ["8.8.8.8", "127.0.0.1"],
        )


def test_a_name_is_resolved_once_and_the_connection_goes_where_was_looked(monkeypatch):
    asked, connected = [], []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["8.8.8.8"] if len(asked) == 1 else ["127.0.0.1"]

    def connect(address: tuple[str, int], _timeout: float) -> None:
        connected.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(ReceiverError):
        post(target_of("https://example.com/", NONE), b"", {}, resolve=resolve)
    assert (asked, connected) == (["example.com"], [("8.8.8.8", 443)])


def test_a_host_that_the_setting_names_is_reached_on_its_port_only(receiver: Receiver):
    port = receiver.address.split(":")[2].split("/")[0]
    target = target_of(receiver.address, frozenset({f"localhost:{port}"}))
    assert post(target, b"{}", {}).status == 200
    with pytest.raises(AddressError):
        target_of(receiver.address, frozenset({"localhost:1"}))


def test_a_proxy_of_the_environment_is_not_asked(receiver: Receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert post(target_of(receiver.address, frozenset({"localhost"})), b"{}", {}).status == 200


def test_a_redirect_is_an_answer_and_not_a_way(receiver: Receiver):
    receiver.answers, receiver.location = [302], receiver.address.replace("/hook", "/inner")
    assert post(target_of(receiver.address, frozenset({"localhost"})), b"{}", {}).status == 302
    assert len(receiver.arrived) == 1


def test_one_that_takes_its_time_is_left(receiver: Receiver):
    receiver.seconds = 1
    with pytest.raises(ReceiverError):
        post(target_of(receiver.address, frozenset({"localhost"})), b"{}", {}, seconds=0.2)


def test_the_resolver_tells_of_an_unknown_host(monkeypatch):
    def fails(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(ReceiverError):
        addresses_of("nowhere.example", 443)
