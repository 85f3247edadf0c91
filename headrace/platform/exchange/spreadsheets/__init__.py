"""A module from a spreadsheet: what is in a file, what objects it proposes, its rows made ready."""
