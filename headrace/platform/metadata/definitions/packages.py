"""What stands beside modules: kits, and the manifest of a package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.keys import Name, key
from headrace.platform.metadata.definitions.modules import VERSION_PATTERN


@dataclass(frozen=True, slots=True)
class ModuleEntry:
    """A module of the package."""

    version: str = key("Version of the module.", pattern=VERSION_PATTERN)
    checksum: str = key("SHA-256 over its files.", pattern="^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class RequiredEntry:
    """A module that the package needs and has not."""

    version: str = key("Version that was installed where it was made.", pattern=VERSION_PATTERN)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `package.json` says."""

    format: int = key("Format of the package; 1.", minimum=1)
    modules: dict[Name, ModuleEntry] = key("The modules inside.")
    requires: dict[Name, RequiredEntry] = key("Modules that they require, not inside.", {})


@dataclass(frozen=True, slots=True)
class Kit:
    """Modules that are published together, in one version."""

    kind: Literal["kit"] = key("Always `kit`.")
    name: Name = key("API name, also the file's name.")
    modules: tuple[Name, ...] = key(
        "The modules; those that they require come along.", minItems=1, uniqueItems=True
    )
    label: Text = key("Name shown.", Text())
    help: Text = key("For whom it is, in a sentence.", Text())
