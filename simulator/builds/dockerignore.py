"""What a .dockerignore leaves out of a build's context, as Docker's documentation has it.

Patterns are those of Go's filepath.Match, with `**` for any number of directories, from the context's root; a line that
begins with `!` takes in again; of the lines that match a file, or a directory above it, the last one decides.

Our own, because the packages that do this are one person's first versions, or bring a second client of the engine.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Final, Self

FILE_NAME: Final = ".dockerignore"


@dataclass(frozen=True, slots=True)
class Ignore:
    """`rules`: in the file's order, each with whether it leaves out."""

    rules: tuple[tuple[re.Pattern[str], bool], ...] = ()

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Raises ValueError with the line of a pattern that is none."""
        rules = []
        for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
            pattern, leaves_out = line.strip(), True
            if line.startswith("#") or not pattern:
                continue
            if pattern.startswith("!"):
                pattern, leaves_out = pattern[1:].strip(), False
            cleaned = posixpath.normpath(pattern).lstrip("/")
            if not pattern or cleaned == ".":
                continue
            try:
                rules.append((re.compile(_regular(cleaned), re.DOTALL), leaves_out))
            except (ValueError, re.error) as error:
                msg = f"{FILE_NAME}:{number} = {line.strip()[:80]}, must be a pattern such as *.log or docs/**"
                raise ValueError(msg) from error
        return cls(tuple(rules))

    @property
    def takes_in_again(self) -> bool:
        """Whether something in a directory that is left out may be wanted all the same."""
        return not all(leaves_out for _, leaves_out in self.rules)

    def leaves_out(self, path: str) -> bool:
        """`path`: relative, with slashes."""
        parts = path.split("/")
        above = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
        left_out = False
        for pattern, leaves_out in self.rules:
            if leaves_out is not left_out and any(map(pattern.fullmatch, above)):
                left_out = leaves_out
        return left_out


def _regular(pattern: str) -> str:
    """Raises ValueError, and `re` may find fault with a class of characters."""
    parts, at = [], 0
    while at < len(pattern):
        rest = pattern[at:]
        if rest.startswith("**/"):
            parts.append("(?:.*/)?")
            at += 3
        elif rest.startswith("**"):
            parts.append(".*")
            at += 2
        elif rest[0] in "*?":
            parts.append("[^/]*" if rest[0] == "*" else "[^/]")
            at += 1
        elif rest[0] == "[":
            length = rest.index("]", 2)
            parts.append(f"(?!/){rest[: length + 1]}")
            at += length + 1
        else:
            at += rest[0] == "\\"
            parts.append(re.escape(pattern[at : at + 1]))
            at += 1
    return "".join(parts)
