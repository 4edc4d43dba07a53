"""Recognizes commands that only install dependencies, and the files that determine the installed versions.

Only certain cases are recognized: a command with an option, path or script that may read more than the manifest is an
ordinary one, which runs in every build.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from simulator.builds.project.requested_versions import Read

# Characters that a shell expands, or that make a command more than words and `&&`.
_EXPANDED: Final = re.compile(r"[$`*?~\n\\{}()]")
_PIP_NAME: Final = re.compile(r"pip(?:3(?:\.\d+)?)?")
_PYTHON_NAME: Final = re.compile(r"python(?:3(?:\.\d+)?)?")
_REQUIREMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9_,.-]*\])?(?:[<>=!~;,].*)?")
_ARCHIVE: Final = re.compile(r"\.(?:whl|zip|tar\.\w+|tgz)$")
_PIP_FLAGS: Final = frozenset(
    {"--upgrade", "-U", "--no-cache-dir", "--quiet", "-q", "--no-deps", "--pre", "--disable-pip-version-check"}
    | {"--no-input", "--prefer-binary", "--require-hashes", "--no-build-isolation", "--user", "--progress-bar=off"}
)
_PIP_VALUES: Final = frozenset({"-i", "--index-url", "--extra-index-url", "--trusted-host", "--timeout", "--retries"})
_PIP_FILES: Final = frozenset({"-r", "--requirement", "-c", "--constraint"})
_NPM_FLAGS: Final = frozenset(
    {"--omit=dev", "--include=dev", "--production", "--no-audit", "--no-fund", "--silent", "--quiet", "--no-optional"}
    | {"--prefer-offline", "--legacy-peer-deps", "--only=production", "--omit=optional"}
)
_NPM_FILES: Final = ("package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc")
# Scripts of the project itself that an installation runs, which may read any file.
_NPM_SCRIPTS: Final = frozenset({"preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare"})
_DEPTH_MAX: Final = 10  # of requirement files that include others


@dataclass(frozen=True, slots=True)
class Install:
    """A dependency installation.

    `inputs`: the files that determine what is installed, existing or not. `outputs`: the paths that are written. Both
    are relative to the directory that the command runs in.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def install_of(command: str, read: Read) -> Install | None:
    """Return the installation; None if the command may do or read anything else.

    `read` reads files of its directory.
    """
    if _EXPANDED.search(command):
        return None
    try:
        words = list(shlex.shlex(command, posix=True, punctuation_chars=True))
    except ValueError:
        return None
    inputs, outputs = list[str](), list[str]()
    for part in _parts(words):
        found = _of_words(part, read) if part else None
        if found is None:
            return None
        inputs += found.inputs
        outputs += found.outputs
    return Install(tuple(dict.fromkeys(inputs)), tuple(dict.fromkeys(outputs)))


def _parts(words: list[str]) -> Iterator[list[str]]:
    """Yield the parts that `&&` joins."""
    part: list[str] = []
    for word in words:
        if word == "&&":
            yield part
            part = []
        else:
            part.append(word)
    yield part


def _of_words(words: list[str], read: Read) -> Install | None:
    program, *rest = words
    if _PYTHON_NAME.fullmatch(program) and rest[:2] == ["-m", "pip"]:
        program, rest = "pip", rest[2:]
    if _PIP_NAME.fullmatch(program):
        program = "pip"
    judge = _JUDGES.get(program)
    return judge(rest, read) if judge is not None else None


# --- the tools -------------------------------------------------------------------------------------------------------


def _pip(words: list[str], read: Read) -> Install | None:
    if words[:1] != ["install"]:
        return None
    inputs, rest = list[str](), iter(words[1:])
    for word in rest:
        option, separator, value = word.partition("=")
        if word in _PIP_FLAGS:
            continue
        if option in _PIP_VALUES and word.startswith("-"):
            if not separator:
                next(rest, None)
        elif option in _PIP_FILES:
            files = _requirements(value if separator else next(rest, ""), read, 0)
            if files is None:
                return None
            inputs += files
        elif not _is_requirement(word):
            return None
    return Install(tuple(inputs))


def _requirements(name: str, read: Read, depth: int) -> list[str] | None:
    """Return the file and the files that it includes; None if it refers to anything inside the project."""
    text = read(name) if name and not name.startswith("/") and ".." not in name.split("/") else ""
    if not text or depth > _DEPTH_MAX:
        return None
    files = [name]
    for line in text.replace("\\\n", " ").splitlines():
        line = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
        option, _, value = line.replace("=", " ", 1).partition(" ") if line.startswith("--") else line.partition(" ")
        if option in _PIP_FILES:
            more = _requirements(posixpath.join(posixpath.dirname(name), value.strip()), read, depth + 1)
            if more is None:
                return None
            files += more
        elif line and option not in _PIP_VALUES and not _is_requirement(re.split(r"\s+--hash", line)[0]):
            return None
    return files


def _is_requirement(text: str) -> bool:
    """Return True for a package name with its version; False for a path, an archive or a URL."""
    plain = text.replace(" ", "")
    return bool(_REQUIREMENT.fullmatch(plain)) and "/" not in plain.partition(";")[0] and not _ARCHIVE.search(plain)


def _npm(words: list[str], read: Read) -> Install | None:
    if words[:1] not in (["ci"], ["install"], ["i"]) or not set(words[1:]) <= _NPM_FLAGS:
        return None
    try:
        package: Any = json.loads(read("package.json") or "null")
    except (ValueError, RecursionError):
        return None
    if not isinstance(package, dict) or "workspaces" in package or read("binding.gyp"):
        return None
    scripts = package.get("scripts")
    if isinstance(scripts, dict) and _NPM_SCRIPTS & scripts.keys():
        return None
    if re.search(r'"(?:file|link|workspace):', read("package.json") + read("package-lock.json")):
        return None
    written = ("node_modules",) if words[0] == "ci" else ("node_modules", "package-lock.json")
    return Install(_NPM_FILES, written)


def _bundle(words: list[str], read: Read) -> Install | None:
    gems = read("Gemfile")
    local = re.search(r"\bpath\b|\bgemspec\b|\beval|\brequire|\bFile\b", gems)
    if words != ["install"] or not gems or local or read(".bundle/config"):
        return None
    return Install(("Gemfile", "Gemfile.lock", ".ruby-version"), ("Gemfile.lock",))


def _go(words: list[str], read: Read) -> Install | None:
    modules = read("go.mod")
    if words != ["mod", "download"] or not modules or re.search(r"=>\s*\.", modules) or read("go.work"):
        return None
    return Install(("go.mod", "go.sum"))


_JUDGES: Final[dict[str, Callable[[list[str], Read], Install | None]]] = {
    "pip": _pip,
    "npm": _npm,
    "bundle": _bundle,
    "go": _go,
}
