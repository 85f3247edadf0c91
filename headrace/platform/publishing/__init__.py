"""Check, plan, publish: how definitions in folders become the live version, and how they get out.

The parts: `folders` reads modules, `identities` matches them with what is live, `planning` says what
a publish would do, `publisher` does it in one transaction, `export` and `samples` are the ways out
and in for definitions and rows.
"""
