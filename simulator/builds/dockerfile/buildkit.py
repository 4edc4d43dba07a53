"""Dockerfile syntax that only BuildKit supports; the classic builder of an engine rejects it.

Engines have BuildKit since Docker 18.09. A build request selects it with `version=2`, and needs no session with the
client unless a step reads files of the client.
"""

from __future__ import annotations

import re
from typing import Final

# Each matches at the beginning of an instruction, in any case. The first group is the text that users would search for.
_SYNTAX: Final = re.compile(
    r"^[ \t]*(?:"
    r"RUN[ \t]+(?:--\S+[ \t]+)*(?P<run>--(?:mount|network|security))\b"
    r"|(?:COPY|ADD)[ \t]+(?:--\S+[ \t]+)*(?P<copy>--(?:link|chmod|parents|exclude|checksum|keep-git-dir))\b"
    r"|(?:RUN|COPY|ADD)\b[^\n#]*(?P<here><<-?[\"']?[A-Za-z_]\w*)"
    r")",
    re.IGNORECASE | re.MULTILINE,
)
# The first line may name an image, the frontend, that interprets the Dockerfile.
_FRONTEND: Final = re.compile(r"#\s*syntax\s*=\s*(\S+)", re.IGNORECASE)
_NO_FRONTEND: Final = re.compile(r"gateway\.v0|resolve image config", re.IGNORECASE)
_UNKNOWN: Final = re.compile(r"unknown (?:flag|instruction)", re.IGNORECASE)
_MOUNTS: Final = "--mount=type=secret|ssh"
_BY_HAND: Final = (
    "Build the image yourself, `docker build -t shop:1 .`, and run that: create a service from it with "
    "`simulator serve`"
)
_NAMES: Final = re.compile(r"buildkit|docker buildx", re.IGNORECASE)


def syntax_of(dockerfile: str) -> str:
    """Return the first syntax that needs BuildKit, such as `--mount`; empty if there is none."""
    match = _SYNTAX.search(dockerfile)
    return next((group for group in match.groups() if group), "") if match else ""


def needs_buildkit(dockerfile: str) -> bool:
    """Return True if only BuildKit can build the Dockerfile, because of its syntax or because it names a frontend."""
    return bool(syntax_of(dockerfile) or _FRONTEND.match(dockerfile))


def remedy(dockerfile: str, message: str) -> str:
    """Return advice if a build failed because of a feature that the engine's BuildKit lacks; empty otherwise.

    `message`: the engine's error.
    """
    syntax, frontend = syntax_of(dockerfile), _FRONTEND.match(dockerfile)
    if "no active sessions" in message:
        return f"`{_MOUNTS}` reads files of the `docker` client, and this build has no client. {_BY_HAND}"
    if frontend and _NO_FRONTEND.search(message):
        return (
            f"`# syntax={frontend[1]}` lets the engine pull that image, which interprets the Dockerfile. Without "
            "access to its registry, remove the line"
        )
    if syntax and _UNKNOWN.search(message):
        return (
            f"`{syntax}` is newer than the engine's BuildKit. A first line `# syntax=docker/dockerfile:1` lets it pull "
            "an interpreter that knows it"
        )
    if not _NAMES.search(message):
        return ""
    what = f"`{syntax}`" if syntax else "This Dockerfile"
    return f"{what} needs BuildKit, which this engine does not have. {_BY_HAND}"
