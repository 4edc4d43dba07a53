"""Checks `engines.node` of a package.json against the Node.js version of the service (facts 6.6)."""

from __future__ import annotations

import json
from typing import Final

from simulator.builds.runtimes import Language, Runtime, agrees

FILE_NAME: Final = "package.json"
_RANGE_LENGTH_MAX: Final = 256  # longer than real ranges; parsing a longer one would be slow
_PARTS: Final = 3


class EnginesConflict(Exception):
    """`engines.node` excludes the version in the configuration. The message is a sentence."""


def check_engines(package: str, runtime: Runtime, wanted: str | None, found: str) -> str:
    """Return a note for the user; usually empty.

    `package`: the text of package.json. `wanted`: run.runtime-version. `found`: the version of the program that builds,
    empty if unknown.

    # ASSUMPTION: by facts 6.6 a build fails if `engines.node` conflicts with runtime-version. Without runtime-version,
    the note names the runtime's own version and nothing fails, as npm itself only warns. Deploying `"node": ">=20"` on
    nodejs18 would settle it.

    Raises:
        EnginesConflict: if `wanted` is not in the range of package.json.
    """
    asked = _asked(package)
    if runtime.language is not Language.NODE or not asked:
        return ""
    version = version_of(runtime, wanted, found)
    from nodesemver import satisfies  # noqa: PLC0415 for applications on Node.js

    if satisfies(version, asked, loose=False):
        return ""
    if wanted is None:
        return f"{FILE_NAME} asks for Node.js {asked} (engines.node), and {runtime.name} has {version}."
    given = wanted if wanted == version else f"{wanted} ({version})"
    raise EnginesConflict(
        f"{FILE_NAME}: engines.node = {asked}, must agree with run.runtime-version, which is {given}."
    )


def version_of(runtime: Runtime, wanted: str | None, found: str) -> str:
    """Return the full version.

    It is `found` if that belongs to the runtime and matches `wanted`, else `wanted`, else the last listed version.
    """
    for version in (found, runtime.last_version):
        if version and runtime.has(version) and (wanted is None or agrees(version, wanted)):
            return version
    parts = (wanted or runtime.last_version).split(".")
    return ".".join([*parts, *["0"] * (_PARTS - len(parts))][:_PARTS])


def _asked(package: str) -> str:
    """Return the range; empty if there is none or it cannot be parsed, which npm reports."""
    try:
        given = json.loads(package)
    except (ValueError, RecursionError):
        return ""
    engines = given.get("engines") if isinstance(given, dict) else None
    asked = engines.get("node") if isinstance(engines, dict) else None
    if not isinstance(asked, str) or len(asked) > _RANGE_LENGTH_MAX:
        return ""
    from nodesemver import valid_range  # noqa: PLC0415 for applications on Node.js

    return asked.strip() if valid_range(asked, loose=False) is not None else ""
