"""What makes a test process cheap and changes nothing that a test asks about."""

from __future__ import annotations

import gc
from functools import partial

from argon2 import PasswordHasher

from headrace.platform.access import passwords

CHEAPEST = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}


def hash_cheaply() -> None:
    """Let the passwords of this process cost nothing to hash and check.

    A real hash takes a fifth of a second on purpose, and thousands of tests sign somebody in.
    Servers that tests start hash as the product does.
    """
    passwords.PasswordHasher = partial(PasswordHasher, **CHEAPEST)


def collect_rarely() -> None:
    """Look for garbage in circles a hundredth as often; most of a test process never is any.

    What the tests are made of is not looked at again at all.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(70_000, 10, 10)
