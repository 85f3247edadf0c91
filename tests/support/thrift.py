"""What makes a test process cheap and changes nothing that a test asks about."""

from __future__ import annotations

import gc
from functools import partial
from types import CodeType

from argon2 import PasswordHasher
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache

from headrace.platform.access import passwords

CHEAPEST = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}


def hash_cheaply() -> None:
    """Let the passwords of this process cost nothing to hash and check.

    A real hash takes a fifth of a second on purpose, and thousands of tests sign somebody in.
    Servers that tests start hash as the product does.
    """
    passwords.PasswordHasher = partial(PasswordHasher, **CHEAPEST)


class _Compiled(BytecodeCache):
    """The templates that this process has compiled, by name and content."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


def compile_templates_once() -> None:
    """Let all applications of this process share what Jinja made of their templates."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Compiled()}


def collect_rarely() -> None:
    """Look for garbage in circles a hundredth as often; most of a test process never is any.

    What the tests are made of is not looked at again at all.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(70_000, 10, 10)
