"""Chooses the managed runtime nearest to the language version that a project's own files request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nodesemver import satisfies, valid_range

from simulator.builds.runtimes import RUNTIMES, Language, Runtime
from simulator.model.resources.runtime_support import END_OF_SUPPORT

# maps a file name to the text of that file in the project; empty if the file does not exist
Read = Callable[[str], str]

_VERSION: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")
# Newest first. The first runtime that fits is chosen.
_NEWEST_FIRST: Final[dict[Language, tuple[str, ...]]] = {
    Language.PYTHON: ("PYTHON_311", "PYTHON_3"),
    Language.NODE: ("NODEJS_22", "NODEJS_18", "NODEJS_16", "NODEJS_14", "NODEJS_12"),
    Language.JAVA: ("CORRETTO_11", "CORRETTO_8"),
    Language.GO: ("GO_1",),
    Language.RUBY: ("RUBY_31",),
}


@dataclass(frozen=True, slots=True)
class RuntimeChoice:
    """The chosen runtime. `notes`: sentences for the user; usually empty."""

    runtime: Runtime
    notes: tuple[str, ...] = ()


def choose(language: Language, read: Read) -> RuntimeChoice:
    """Choose the runtime for a project in that language."""
    place, asked = _ASKED[language](read)
    runtimes = [RUNTIMES[name] for name in _NEWEST_FIRST[language]]
    fitting = [each for each in runtimes if not asked or _fits(each, asked)]
    chosen, notes = (fitting or runtimes)[0], list[str]()
    if not fitting:
        there = ", ".join(str(each) for each in runtimes)
        notes.append(f"{place} asks for {language} {asked}; App Runner has {there} only.")
    if chosen.name in END_OF_SUPPORT:
        end = END_OF_SUPPORT[chosen.name]
        notes.append(f"App Runner's support of {chosen.file_name} ended on {end}: new services may not choose it.")
    return RuntimeChoice(chosen, tuple(notes))


def _fits(runtime: Runtime, asked: str) -> bool:
    """Return True if the last version of one of the runtime's lines is in `asked`, a range in npm's syntax."""
    lasts = [runtime.last_version if runtime.last_version.startswith(line) else line for line in runtime.lines]
    return any(satisfies(_full(version), asked, loose=False) for version in lasts)


def _full(version: str) -> str:
    return ".".join([*(str(int(part)) for part in version.split(".")[:3]), "0", "0"][:3])


# --- where the projects of each language state their version ---------------------------------------------------------


def _python(read: Read) -> tuple[str, str]:
    for name, pattern in (
        (".python-version", r"^[ \t]*+(?:python-)?([0-9.]+)"),
        ("runtime.txt", r"^[ \t]*+python-([0-9.]+)"),
        ("Pipfile", r"""^[ \t]*+python_(?:full_)?version\s*=\s*["']([^"']+)"""),
    ):
        match = re.search(pattern, read(name), re.MULTILINE)
        if match:
            return name, _line(match[1])
    match = re.search(r"""^[ \t]*+requires-python\s*=\s*["']([^"']+)""", read("pyproject.toml"), re.MULTILINE)
    return ("pyproject.toml (requires-python)", _of_pep_440(match[1])) if match else ("", "")


def _node(read: Read) -> tuple[str, str]:
    try:
        package: Any = json.loads(read("package.json") or "null")
    except (ValueError, RecursionError):
        package = None
    engines = package.get("engines") if isinstance(package, dict) else None
    asked = engines.get("node") if isinstance(engines, dict) else None
    if isinstance(asked, str) and asked.strip() and len(asked) <= _RANGE_LENGTH_MAX and _is_range(asked):
        return "package.json (engines.node)", asked.strip()
    for name in (".nvmrc", ".node-version"):
        match = re.match(r"\s*v?([0-9]+(?:\.[0-9]+)*)\s*$", read(name))
        if match:
            return name, match[1].split(".")[0]  # the runtime has a later minor version
    return "", ""


def _java(read: Read) -> tuple[str, str]:
    maven = r"<(?:java\.version|maven\.compiler\.(?:release|source|target)|release)>\s*(?:1\.)?([0-9]+)\s*<"
    gradle = r"(?:JavaLanguageVersion\.of\(|VERSION_(?:1_)?|sourceCompatibility\s*=\s*['\"]?(?:1\.)?)([0-9]+)"
    for name, pattern in (("pom.xml", maven), ("build.gradle", gradle), ("build.gradle.kts", gradle)):
        match = re.search(pattern, read(name))
        if match:
            return name, match[1]
    return "", ""


def _go(read: Read) -> tuple[str, str]:
    match = re.search(r"^go\s+([0-9]+\.[0-9]+)", read("go.mod"), re.MULTILINE)
    return ("go.mod", f">={match[1]}") if match else ("", "")


def _ruby(read: Read) -> tuple[str, str]:
    match = re.search(r"""^[ \t]*+ruby[ \t]*+\(?[ \t]*+["']([^"']+)["']""", read("Gemfile"), re.MULTILINE)
    if match:
        text = match[1].strip()
        return "Gemfile", _of_gem(text) if not text[0].isdigit() else _line(text)
    match = re.match(r"\s*(?:ruby-)?([0-9]+(?:\.[0-9]+)*)", read(".ruby-version"))
    return (".ruby-version", _line(match[1])) if match else ("", "")


_RANGE_LENGTH_MAX: Final = 256
_ASKED: Final[dict[Language, Callable[[Read], tuple[str, str]]]] = {
    Language.PYTHON: _python,
    Language.NODE: _node,
    Language.JAVA: _java,
    Language.GO: _go,
    Language.RUBY: _ruby,
}


def reader(folder: Path, bytes_max: int) -> Read:
    """Return a function that reads files of a folder, each up to `bytes_max` bytes."""

    def read(name: str) -> str:
        try:
            with (folder / name).open(encoding="utf-8", errors="replace") as opened:
                return opened.read(bytes_max)
        except OSError:
            return ""

    return read


def _line(version: str) -> str:
    """Return `3.8.x` for `3.8.16`, because App Runner chooses the patch version; empty if the text is not a version."""
    match = _VERSION.search(version)
    parts = match[0].split(".")[:2] if match else []
    return ".".join([*parts, "x"]) if parts else ""


def _of_pep_440(text: str) -> str:
    """Convert a Python version specifier (PEP 440) to an npm range; empty if it cannot be converted."""
    parts = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        operator, version = re.fullmatch(r"(~=|==|!=|<=|>=|<|>|\^|~)?\s*(.*)", part, re.DOTALL).groups()  # type: ignore[union-attr]
        version = version.removesuffix(".*")
        if not _VERSION.fullmatch(version):
            return ""
        if operator == "==":
            parts.append(_line(version))
        elif operator == "~=":
            parts.append(f">={_full(version)} <{_after(version)}")
        elif operator != "!=":
            parts.append(f"{operator or ''}{_full(version)}")
    found = " ".join(parts)
    return found if found and _is_range(found) else ""


def _of_gem(text: str) -> str:
    """Convert a Gemfile requirement, `>= 3.0` or `~> 3.1.0`, to an npm range."""
    match = re.fullmatch(r"(~>|>=|<=|<|>|=)\s*([0-9.]+)", text)
    if not match:
        return ""
    if match[1] == "~>":
        return f">={_full(match[2])} <{_after(match[2])}"
    return f"{match[1]}{_full(match[2])}"


def _after(version: str) -> str:
    """Return the exclusive upper bound of compatible versions: `3.8` -> `4.0.0`, `3.8.1` -> `3.9.0`."""
    *kept, _ = [int(part) for part in version.split(".")]
    kept = kept or [int(version)]
    kept[-1] += 1
    return ".".join(str(part) for part in [*kept, 0, 0][:3])


def _is_range(text: str) -> bool:
    return valid_range(text, loose=False) is not None
