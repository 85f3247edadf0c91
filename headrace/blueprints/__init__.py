"""HTTP: parse, call a use case, map errors, render; no SQL here."""
