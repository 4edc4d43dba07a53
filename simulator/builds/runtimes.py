"""All thirteen managed runtimes, and how each of them builds (facts 6.3, 6.4, 6.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class BuildKind(StrEnum):
    """How a runtime builds.

    ORIGINAL: build commands run in the build image and again in the run image. REVISED: they run once, only /app is
    copied, and `pre-run` prepares the run image.
    """

    ORIGINAL = "original"
    REVISED = "revised"


class Language(StrEnum):
    PYTHON = "Python"
    NODE = "Node.js"
    JAVA = "Java"
    DOTNET = ".NET"
    PHP = "PHP"
    RUBY = "Ruby"
    GO = "Go"


@dataclass(frozen=True, slots=True)
class Runtime:
    """A managed runtime.

    `name`: the name in the API. `file_name`: the name in apprunner.yaml. `line`: the versions that it covers, such as
    `3.11`. `last_version`: the last version that was listed. `older`: further version lines of the same runtime.

    `stand_ins`: other versions, which App Runner does not run, that may replace its own if none of those is installed;
    the log says so.
    """

    name: str
    file_name: str
    language: Language
    line: str
    last_version: str
    kind: BuildKind = BuildKind.ORIGINAL
    older: tuple[str, ...] = ()
    stand_ins: str = ""

    def __str__(self) -> str:
        return f"{self.language} {' or '.join((*self.older, self.line))}"

    @property
    def lines(self) -> tuple[str, ...]:
        return (self.line, *self.older)

    def has(self, version: str) -> bool:
        """Return True if App Runner runs that version, which is a program's or a value of `runtime-version`."""
        return _is_version(version) and any(agrees(version, line) for line in self.lines)

    def may_stand_in(self, version: str) -> bool:
        """Return True if a program of that version may replace one that `has` accepts."""
        return bool(self.stand_ins) and _is_version(version) and agrees(version, self.stand_ins)


def _is_version(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]+(\.[0-9]+)*", text))


def agrees(version: str, wanted: str) -> bool:
    """Return True if two versions are equal in the parts that both have."""
    return all(mine == theirs for mine, theirs in zip(version.split("."), wanted.split("."), strict=False))


_ALL: Final = (
    # Python 3.7 and 3.8, no newer ones, and Go 1.18 (facts 19.1): past their end of support, and rarely installed.
    Runtime("PYTHON_3", "python3", Language.PYTHON, "3.8", "3.8.20", older=("3.7",), stand_ins="3"),
    Runtime("PYTHON_311", "python311", Language.PYTHON, "3.11", "3.11.14", BuildKind.REVISED),
    Runtime("NODEJS_12", "nodejs12", Language.NODE, "12", "12.22.12"),
    Runtime("NODEJS_14", "nodejs14", Language.NODE, "14", "14.21.3"),
    Runtime("NODEJS_16", "nodejs16", Language.NODE, "16", "16.20.2"),
    Runtime("NODEJS_18", "nodejs18", Language.NODE, "18", "18.20.8", BuildKind.REVISED),
    Runtime("NODEJS_22", "nodejs22", Language.NODE, "22", "22.21.1", BuildKind.REVISED),
    Runtime("CORRETTO_8", "corretto8", Language.JAVA, "8", "8.472.08.1"),
    Runtime("CORRETTO_11", "corretto11", Language.JAVA, "11", "11.0.28.6.1"),
    Runtime("DOTNET_6", "dotnet6", Language.DOTNET, "6", "6.0.36"),
    Runtime("PHP_81", "php81", Language.PHP, "8.1", "8.1.33"),
    Runtime("RUBY_31", "ruby31", Language.RUBY, "3.1", "3.1.7"),
    Runtime("GO_1", "go1", Language.GO, "1.18", "1.18.10", stand_ins="1"),
)
RUNTIMES: Final = MappingProxyType({runtime.name: runtime for runtime in _ALL})
BY_FILE_NAME: Final = MappingProxyType({runtime.file_name: runtime for runtime in _ALL})
