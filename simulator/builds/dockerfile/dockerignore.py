"""What a .dockerignore excludes from a build's context, by Docker's documentation.

Patterns are those of Go's filepath.Match, with `**` for any number of directories, from the context's root; a line that
begins with `!` includes again; of the lines that match a file, or a directory above it, the last one decides.

Implemented here because the packages that do this are single-author first versions, or add a second engine client.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Final, Self

from simulator.builds.dockerfile.path_pattern import PathPattern

FILE_NAME: Final = ".dockerignore"


@dataclass(frozen=True, slots=True)
class Ignore:
    """The rules of a .dockerignore. `rules`: in the file's order, each with whether it excludes."""

    rules: tuple[tuple[PathPattern, bool], ...] = ()

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Parse the text. Raises ValueError with the line of an invalid pattern."""
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
                rules.append((PathPattern(cleaned), leaves_out))
            except ValueError as error:
                msg = f"{FILE_NAME}:{number} = {line.strip()[:80]}, must be a pattern such as *.log or docs/**"
                raise ValueError(msg) from error
        return cls(tuple(rules))

    @property
    def takes_in_again(self) -> bool:
        """Return True if something in an excluded directory may be included again."""
        return not all(leaves_out for _, leaves_out in self.rules)

    def leaves_out(self, path: str) -> bool:
        """Return True if `path` (relative, with slashes) is excluded."""
        left_out = False
        for pattern, leaves_out in self.rules:
            if leaves_out is not left_out and pattern.matches(path):
                left_out = leaves_out
        return left_out
