"""Prepares a version while the one before it is live, so that the switch to it is short.

What is prepared is written only where nobody looks: new columns, indexes over them, new tables. A
field whose values would change in place gets another column (`relocating`). `scope` says what of a
plan can be prepared, `steps` does it, `catching_up` brings up to date what others change meanwhile,
`leftovers` removes what is not needed afterwards or was never finished.
"""
