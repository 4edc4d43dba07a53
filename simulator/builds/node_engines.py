"""`engines.node` of a package.json against the version of Node.js that a service runs on (facts 6.6)."""

from __future__ import annotations

import json
from typing import Final

from nodesemver import satisfies, valid_range

from simulator.builds.runtimes import Language, Runtime, agrees

FILE_NAME: Final = "package.json"
_RANGE_LENGTH_MAX: Final = 256  # a longer one is nobody's, and its reading would take long
_PARTS: Final = 3


class EnginesConflict(Exception):
    """The message is a sentence."""


def check_engines(package: str, runtime: Runtime, wanted: str | None, found: str) -> str:
    """`package`: the text of package.json. `wanted`: run.runtime-version. `found`: the version of the program that
    builds, empty when it is unknown. What people should know, empty as a rule.

    # ASSUMPTION: facts 6.6 have a build fail for a conflict with runtime-version. Without one the runtime's own version
    # is told and nothing fails, as npm itself only warns. Settled by deploying `"node": ">=20"` on nodejs18.

    Raises:
        EnginesConflict: when `wanted` is not what package.json asks for.
    """
    asked = _asked(package)
    if runtime.language is not Language.NODE or not asked:
        return ""
    version = version_of(runtime, wanted, found)
    if satisfies(version, asked, loose=False):
        return ""
    if wanted is None:
        return f"{FILE_NAME} asks for Node.js {asked} (engines.node), and {runtime.name} has {version}."
    told = wanted if wanted == version else f"{wanted} ({version})"
    raise EnginesConflict(f"{FILE_NAME}: engines.node = {asked}, must agree with run.runtime-version, which is {told}.")


def version_of(runtime: Runtime, wanted: str | None, found: str) -> str:
    """In full: the one found where it is of the runtime and as wanted, else what is wanted, else the last listed."""
    for version in (found, runtime.last_version):
        if version and runtime.has(version) and (wanted is None or agrees(version, wanted)):
            return version
    parts = (wanted or runtime.last_version).split(".")
    return ".".join([*parts, *["0"] * (_PARTS - len(parts))][:_PARTS])


def _asked(package: str) -> str:
    """Empty when it asks for nothing that can be understood; npm tells what is wrong with it."""
    try:
        told = json.loads(package)
    except (ValueError, RecursionError):
        return ""
    engines = told.get("engines") if isinstance(told, dict) else None
    asked = engines.get("node") if isinstance(engines, dict) else None
    if not isinstance(asked, str) or len(asked) > _RANGE_LENGTH_MAX:
        return ""
    return asked.strip() if valid_range(asked, loose=False) is not None else ""
