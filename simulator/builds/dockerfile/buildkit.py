"""Dockerfile syntax that only BuildKit builds: the engine's API uses the classic builder, which rejects it."""

from __future__ import annotations

import re
from typing import Final

# Each matches at the beginning of an instruction, in any case; the first group is the text that users search for.
_SYNTAX: Final = re.compile(
    r"^[ \t]*(?:"
    r"RUN[ \t]+(?:--\S+[ \t]+)*(?P<run>--(?:mount|network|security))\b"
    r"|(?:COPY|ADD)[ \t]+(?:--\S+[ \t]+)*(?P<copy>--(?:link|chmod|parents|exclude|checksum|keep-git-dir))\b"
    r"|(?:RUN|COPY|ADD)\b[^\n#]*(?P<here><<-?[\"']?[A-Za-z_]\w*)"
    r")",
    re.IGNORECASE | re.MULTILINE,
)
_NAMES: Final = re.compile(r"buildkit|docker buildx", re.IGNORECASE)


def syntax_of(dockerfile: str) -> str:
    """Return the first syntax that needs BuildKit, such as `--mount`; empty if there is none."""
    match = _SYNTAX.search(dockerfile)
    return next((group for group in match.groups() if group), "") if match else ""


def remedy(dockerfile: str, message: str) -> str:
    """Return advice if a build failed because it needs BuildKit; empty otherwise. `message`: the engine's error."""
    syntax = syntax_of(dockerfile)
    if not syntax and not _NAMES.search(message):
        return ""
    what = f"`{syntax}`" if syntax else "This Dockerfile"
    return (
        f"{what} needs BuildKit, and the engine's API builds without it. Build the image yourself, "
        "`docker build -t shop:1 .`, and run that: create a service from it with `simulator serve`"
    )
