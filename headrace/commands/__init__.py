"""The commands by area; each module registers its commands with one call of `add_to`."""
