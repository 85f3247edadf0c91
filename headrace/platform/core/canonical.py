"""Canonical JSON: the same content gives the same bytes, so that it can be hashed and compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

LEADING_KEYS = ("kind", "id", "was", "name")


_COMPACT = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)
"""Made once: `json.dumps` makes an encoder for each call."""


def canonical_text(value: Any) -> str:
    """Return `value` as compact JSON with sorted keys."""
    return _COMPACT.encode(value)


def canonical_bytes(value: Any) -> bytes:
    """Return the canonical text in UTF-8; what hashes are made of."""
    return canonical_text(value).encode("utf-8")


def content_hash(value: Any) -> str:
    """Return the SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def combined_hash(hashes: Iterable[str]) -> str:
    """Return one fingerprint of many hashes, whatever their order."""
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def document_text(document: dict[str, Any]) -> str:
    """Return the file form of a metadata document: identity first, then keys by name."""
    return json.dumps(ordered(document), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def ordered(value: Any) -> Any:
    """Return JSON with the keys of each object in canonical order."""
    if isinstance(value, dict):
        keys = sorted(
            value,
            key=lambda k: (LEADING_KEYS.index(k) if k in LEADING_KEYS else len(LEADING_KEYS), k),
        )
        return {key: ordered(value[key]) for key in keys}
    if isinstance(value, list):
        return [ordered(item) for item in value]
    return value
