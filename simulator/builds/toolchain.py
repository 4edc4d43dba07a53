"""Finds the programs of this machine for a managed runtime and their versions, or reports what is missing."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from simulator.builds.runtimes import Language, Runtime, agrees
from simulator.world.child_processes import ended_with

SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ANSWER_S_MAX: Final = 10.0  # seconds; a Java virtual machine on a busy computer needs one or two


@dataclass(frozen=True, slots=True)
class _Programs:
    """The programs of a language.

    `names`: the first one found is run with `question`, and `answer` matches its output. `places`: folders, below the
    root or a home, of programs that the system does not provide. `get`: how to install one.
    """

    names: tuple[str, ...]
    question: tuple[str, ...]
    answer: str
    places: tuple[str, ...]
    get: str


_PROGRAMS: Final[Mapping[Language, _Programs]] = MappingProxyType(
    {
        Language.PYTHON: _Programs(
            ("python{line}", "python3"),
            ("--version",),
            r"Python ([0-9.]+)",
            (".pyenv/versions/{line}*/bin", ".local/share/uv/python/cpython-{line}*/bin", "opt/python{line}/bin"),
            "install python{line} with its venv module (apt: python{line}-venv; pyenv install {line})",
        ),
        Language.NODE: _Programs(
            ("node",),
            ("--version",),
            r"v([0-9.]+)",
            (".nvm/versions/node/v{line}.*/bin", ".volta/tools/image/node/{line}.*/bin", "opt/node*{line}*/bin"),
            "`nvm install {line}`, or unpack a release of Node.js {line}",
        ),
        Language.JAVA: _Programs(
            ("java",),
            ("-version",),
            r'version "(?:1\.)?([0-9.]+)',
            ("usr/lib/jvm/*{line}*/bin", ".sdkman/candidates/java/{line}*/bin"),
            "install a JDK {line} (Amazon Corretto {line})",
        ),
        Language.DOTNET: _Programs(
            ("dotnet",), ("--version",), r"([0-9.]+)", ("usr/share/dotnet", ".dotnet"), "install the .NET SDK {line}"
        ),
        Language.PHP: _Programs(
            ("php{line}", "php"), ("--version",), r"PHP ([0-9.]+)", ("opt/php{line}/bin",), "install PHP {line}"
        ),
        Language.RUBY: _Programs(
            ("ruby{line}", "ruby"),
            ("--version",),
            r"ruby ([0-9.]+)",
            (".rbenv/versions/{line}*/bin", "opt/ruby{line}/bin"),
            "install Ruby {line} (`rbenv install {line}`)",
        ),
        Language.GO: _Programs(
            ("go",), ("version",), r"go([0-9.]+)", ("usr/local/go/bin", "opt/go*/bin"), "install Go {line}"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class ToolchainSettings:
    """Where to look for programs.

    `paths`: maps the API's name of a runtime to the folder of its programs, or one with a `bin`. `near_versions`: allow
    another version of the language if the runtime's own is missing; the log says so. `home`: the home folder in which a
    user's version managers install programs.
    """

    paths: Mapping[str, Path] = field(default_factory=dict)
    near_versions: bool = False
    home: Path | None = None


@dataclass(frozen=True, slots=True)
class Toolchain:
    """The programs to use. `folder`: their folder. `program`: the main one. `note`: for the user; usually empty."""

    folder: Path
    program: Path
    version: str
    note: str = ""


class ToolchainMissing(Exception):
    """No program was found.

    The message is a sentence: what is missing, where it was searched, and how to install it.
    """


def version_commands(runtime: Runtime) -> tuple[tuple[str, ...], ...]:
    """Return the commands that print the version of the runtime's language, for each name that its program may have."""
    programs = _PROGRAMS[runtime.language]
    names = dict.fromkeys(name.format(line=line) for line in runtime.lines for name in programs.names)
    return tuple((name, *programs.question) for name in names)


def version_in(runtime: Runtime, answer: str) -> str:
    """Return the version in the output of such a command; empty if the output is not as expected."""
    match = re.search(_PROGRAMS[runtime.language].answer, answer)
    return match[1].rstrip(".") if match else ""


async def find_toolchain(runtime: Runtime, wanted: str | None, settings: ToolchainSettings) -> Toolchain:
    """Find the program nearest to the version that App Runner would run: `wanted`, else the runtime's own line.

    Of several equally near ones, the first.

    Raises:
        ToolchainMissing: if there is none.
    """
    programs, goal = _PROGRAMS[runtime.language], wanted or runtime.line
    found: dict[Path, str] = {}
    fitting: dict[Path, str] = {}
    for lines in (runtime.lines, (runtime.stand_ins,) if runtime.stand_ins else ()):
        for program in _candidates(lines, runtime, programs, settings):
            if program not in found:
                found[program] = await _version(program, runtime)
        fitting = {program: version for program, version in found.items() if runtime.has(version)}
        if fitting:
            break
    if not fitting:
        known = {program: version for program, version in found.items() if version}
        near = {program: version for program, version in known.items() if runtime.may_stand_in(version)}
        fitting = near or (known if settings.near_versions else {})
        if not fitting:
            raise ToolchainMissing(_missing(runtime, programs, known, settings))
    program = min(fitting, key=lambda each: _distance(fitting[each], goal))
    version = fitting[program]
    return Toolchain(program.parent, program, version, _substitution(runtime, wanted, version))


def _substitution(runtime: Runtime, wanted: str | None, version: str) -> str:
    """Describe the substitute for the version that App Runner would run; empty if it is that version."""
    used = f"{runtime.language} {version} is used"
    if not runtime.has(version):
        return (
            f"{runtime.name} runs on {runtime} at App Runner, which is not on this machine; {used}. "
            "What works here may fail there."
        )
    if wanted is not None and not agrees(version, wanted):
        return f"runtime-version {wanted} is not on this machine; {used}."
    if wanted is None and not agrees(version, runtime.line):
        return f"{runtime.name} without a runtime-version is {runtime.language} {runtime.line} at App Runner; {used}."
    return ""


def _candidates(
    lines: tuple[str, ...], runtime: Runtime, programs: _Programs, settings: ToolchainSettings
) -> Iterator[Path]:
    names = list(dict.fromkeys(name.format(line=line) for line in lines for name in programs.names))
    own = settings.paths.get(runtime.name)
    folders = [own, own / "bin"] if own is not None else []
    if runtime.language is Language.PYTHON and own is None:
        folders.append(Path(sys.base_prefix) / "bin")
    places = dict.fromkeys(place.format(line=line) for line in lines for place in programs.places)
    for pattern in places if own is None else ():
        for root in (Path("/"), settings.home):
            if root is not None and pattern.startswith(".") is (root is settings.home):
                folders.extend(sorted(root.glob(pattern), reverse=True))
    if own is None:
        folders.extend(Path(folder) for folder in SYSTEM_PATH.split(":"))
    for folder in folders:
        for name in names:
            if (folder / name).is_file():
                yield folder / name


async def _version(program: Path, runtime: Runtime) -> str:
    """Return the program's version; empty if its output is not as expected from such a program."""
    try:
        process = await asyncio.create_subprocess_exec(
            str(program),
            *_PROGRAMS[runtime.language].question,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": SYSTEM_PATH, "DOTNET_CLI_TELEMETRY_OPTOUT": "1"},
            cwd="/",
        )
    except OSError:
        return ""
    try:
        async with ended_with(process), asyncio.timeout(_ANSWER_S_MAX):
            answer, _ = await process.communicate()
    except TimeoutError:
        return ""
    return version_in(runtime, answer.decode(errors="replace"))


def _distance(version: str, goal: str) -> tuple[int, ...]:
    """Return the distance over the parts that `goal` has, major version first; of equal ones the newer is nearer."""
    mine, theirs = ([int(part) for part in text.split(".")] for text in (version, goal))
    mine += [0] * (len(theirs) - len(mine))
    pairs = list(zip(mine, theirs, strict=False))
    return (*(abs(one - other) for one, other in pairs), *(-one for one, _ in pairs))


def _missing(runtime: Runtime, programs: _Programs, found: Mapping[Path, str], settings: ToolchainSettings) -> str:
    """Describe what is missing, without advice that the user has already followed."""
    names = " or ".join(name.format(line=runtime.line) for name in programs.names)
    own = settings.paths.get(runtime.name)
    where = str(own) if own is not None else "PATH and where version managers keep theirs"
    others = ", ".join(f"{program} is {version}" for program, version in found.items())
    only = f" (found: {others})" if others else ""
    folder = "name its folder in the setting for the runtime" if own is None else "name another folder in the setting"
    advice = [programs.get.format(line=runtime.line), folder, "build in an image (`--build-image`)"]
    if found and not settings.near_versions:
        advice.append("allow near versions (`--near-versions`)")
    return (
        f"{runtime} for {runtime.name} is not on this machine: looked for {names} in {where}{only}; "
        f"{', '.join(advice[:-1])}, or {advice[-1]}."
    )
