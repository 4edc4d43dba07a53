"""The files that a .dockerignore excludes from a build context, by Docker's documentation.

Patterns are relative to the context's root, in the syntax of Go's filepath.Match, with `**` for any number of
directories. A line that begins with `!` includes files again. Of the lines that match a file, or a directory above it,
the last one applies.

Implemented here because the available packages are first versions by single authors, or include a second engine client.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Final, Self

from simulator.builds.dockerfile.path_pattern import PathPattern

FILE_NAME: Final = ".dockerignore"


@dataclass(frozen=True, slots=True)
class Ignore:
    """The rules of a .dockerignore. `rules`: in the order of the file, each with whether it excludes."""

    rules: tuple[tuple[PathPattern, bool], ...] = ()

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Parse the text.

        Raises:
            ValueError: for an invalid pattern, with its line.
        """
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
        """Return True if a rule may include something in an excluded directory again."""
        return not all(leaves_out for _, leaves_out in self.rules)

    def leaves_out(self, path: str) -> bool:
        """Return True if `path` (relative, with slashes) is excluded."""
        left_out = False
        for pattern, leaves_out in self.rules:
            if leaves_out is not left_out and pattern.matches(path):
                left_out = leaves_out
        return left_out
