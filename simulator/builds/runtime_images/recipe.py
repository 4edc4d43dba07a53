"""The Dockerfile of a runtime's image: a base with the users, paths, variables and tools of App Runner's image.

It depends on the contents of the base, so a base that already has the language (`python:3.11`) needs no package manager
and no network.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

from simulator.builds.runtime_images.contents import NATIVE, Contents
from simulator.builds.runtime_images.names import BASE, RUNTIME, VERSION, Role
from simulator.builds.runtime_images.tools import APT, LANGUAGES, MANAGERS, Tool, tools_of
from simulator.builds.runtimes import Language, Runtime

SHIM: Final = "native-package-manager"  # a file of the build context
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")

_PACKAGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_:=~-]*")
_APT_CACHE: Final = (
    "--mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked "
)
_DNF_CACHE: Final = "--mount=type=cache,target=/var/cache/dnf,sharing=locked "


class RecipeError(Exception):
    """The base cannot become an image of the runtime. The message is one sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class RecipeOptions:
    """Options of a recipe. `packages`: further packages to install. `near_versions`: accept another language version.

    `skips_yum`: if the base does not have `yum` and `dnf`, they do nothing and succeed; otherwise they fail.
    `with_buildkit`: downloads of the package manager are kept in cache mounts.
    """

    packages: tuple[str, ...] = ()
    near_versions: bool = False
    skips_yum: bool = False
    with_buildkit: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe. `dockerfile`: that of the image. `files`: name -> content of the other files of the build context.

    `notes`: for the user.
    """

    dockerfile: str
    files: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def recipe_of(runtime: Runtime, role: Role, base: str, contents: Contents, options: RecipeOptions) -> Recipe:
    """Return the recipe of an image.

    Raises:
        RecipeError: if the base lacks required programs and has no package manager.
    """
    wanted, manager = list[Tool](), contents.manager
    language, found = LANGUAGES[runtime.language], contents.version(runtime)
    if not contents.program_for(runtime) and not (found and options.near_versions):
        wanted.append(language)
    wanted += [tool for tool in tools_of(runtime, role) if tool.program not in contents.programs]
    required = [tool for tool in wanted if tool is language or tool.required]
    if not manager and (required or options.packages):
        raise RecipeError(_nothing_installs(runtime, base, found, required, options))
    notes = [f"{tool.program} is not in {base}, App Runner's image has it." for tool in wanted if not manager]
    lines = [f"FROM {base}", "USER 0:0", "ENV HOME=/root"]
    lines += [f"ARG {name}" for name in _PROXIES[:3]]
    needed = [name for tool in required for name in tool.packages(manager, runtime.line)]
    near = list[str]()
    if options.near_versions and manager == APT and any(tool.near for tool in required):
        near = [name for tool in required for name in tool.near or tool.packages(manager, runtime.line)]
    optional = [tool for tool in wanted if tool not in required and tool.packages(manager, runtime.line)]
    if manager:
        lines += _installations(manager, needed, near, optional, runtime.line, options)
    lines += _paths(runtime)
    files = dict[str, str]()
    if not contents.programs & set(NATIVE):
        files[SHIM] = shim(contents.system or base, manager, skips=options.skips_yum)
        lines.append(f"COPY --chown=0:0 {SHIM} /usr/local/bin/yum")
        lines.append("RUN chmod 755 /usr/local/bin/yum && cp -p /usr/local/bin/yum /usr/local/bin/dnf")
    lines += ["WORKDIR /app", "ENTRYPOINT []", 'CMD ["/bin/sh"]']
    return Recipe("\n".join(lines) + "\n", files, tuple(notes))


def check_packages(names: Sequence[str]) -> None:
    """Raise ValueError for a text that cannot be the name of a package."""
    for name in names:
        if not _PACKAGE.fullmatch(name):
            msg = f"package = {name!r}, must be the name of a package, such as libcairo2-dev"
            raise ValueError(msg)


def check_made(runtime: Runtime, role: Role, base: str, made: Contents, options: RecipeOptions) -> tuple[str, ...]:
    """Check the contents of the built image. Return notes for the user.

    Raises:
        RecipeError: if it is not an image of the runtime.
    """
    version = made.version(runtime)
    if not version:
        raise RecipeError(f"{base} and its packages have no {runtime.language}; name a base that has {runtime}")
    notes = list[str]()
    if not made.program_for(runtime):
        if not options.near_versions:
            raise RecipeError(
                f"{base} and its packages have {runtime.language} {version}, {runtime.name} needs {runtime}: name a "
                "base that has it, or allow near versions (`--near-versions`)"
            )
        notes.append(f"{runtime.language} {version} is in place of {runtime}: what works here may fail on App Runner.")
    for tool in tools_of(runtime, role):
        if tool.program not in made.programs:
            if tool.required:
                raise RecipeError(f"{base} and its packages have no {tool.program}, which {runtime.name} needs")
            notes.append(f"{tool.program} is not in the image, App Runner's has it.")
    return tuple(notes)


def labels_of(runtime: Runtime, base: str, made: Contents) -> str:
    """Return the Dockerfile instruction that labels a checked image."""
    return f'LABEL {RUNTIME}="{runtime.name}" {VERSION}="{made.version(runtime)}" {BASE}="{base}"'


def shim(system: str, manager: str, *, skips: bool) -> str:
    """Return the program that replaces `yum` and `dnf`, which AWS's samples call (facts 19.1)."""
    advice = "Name a base that has what the build needs."
    if manager:
        advice = f"Install what the build needs with {manager}: simulator runtimes build --package NAME"
    line = (
        f"${{0##*/}} $*: installs nothing here, because this image is based on {_plain(system)}; App Runner's is based "
        f"on Amazon Linux. {advice}"
    )
    return f'#!/bin/sh\necho "{line}" >&2\nexit {0 if skips else 1}\n'


# --- parts of a Dockerfile --------------------------------------------------------------------------------------------


def _installations(
    manager: str, needed: list[str], near: list[str], optional: list[Tool], line: str, options: RecipeOptions
) -> list[str]:
    """Return the instructions that install packages; optional tools separately, because one may not exist.

    `near`: packages to install if `needed` do not exist.
    """
    steps = [_install(manager, needed)] if needed else []
    if near:
        steps = [f"{{ {_install(manager, needed)} || {_install(manager, near)}; }}"]
    if options.packages:
        steps.append(_install(manager, list(options.packages)))
    for tool in optional:
        missing = f"echo '{tool.program} is not among the packages of this base'"
        steps.append(f"{{ {_install(manager, list(tool.packages(manager, line)))} || {missing}; }}")
    if not steps:
        return []
    if manager == APT:
        # Debian's images delete packages after their installation, which would empty the cache.
        keeps = "rm -f /etc/apt/apt.conf.d/docker-clean && " if options.with_buildkit else ""
        clean = "" if options.with_buildkit else " && rm -rf /var/lib/apt/lists/*"
        mounts = _APT_CACHE if options.with_buildkit else ""
        update = f"{keeps}apt-get update -qq && "
        return [f"RUN {mounts}export DEBIAN_FRONTEND=noninteractive && {update}{' && '.join(steps)}{clean}"]
    clean = "" if options.with_buildkit else f" && {manager} clean all"
    return [f"RUN {_DNF_CACHE if options.with_buildkit else ''}{' && '.join(steps)}{clean}"]


def _install(manager: str, packages: list[str]) -> str:
    names = " ".join(dict.fromkeys(packages))
    if manager == APT:
        return f"apt-get install -qq -y --no-install-recommends {names}"
    return f"{manager} install -q -y {names}"


def _paths(runtime: Runtime) -> list[str]:
    """Return the instructions for names, paths and variables that commands for App Runner expect (facts 6.6)."""
    line = runtime.line
    match runtime.language:
        case Language.PYTHON:
            # `python3` and `pip3` are those of the runtime. A distribution's rule against `pip install` as root does
            # not exist in Amazon Linux.
            return [
                "RUN "
                + _linked(f"python{line}", "python3", "--version")
                + " && "
                + _linked(f"pip{line}", "pip3", "--version")
                + " && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED"
            ]
        case Language.JAVA:
            # ASSUMPTION: the path of Amazon Corretto's packages; `echo $JAVA_HOME` in a build on App Runner would
            # settle it.
            home = f"/usr/lib/jvm/java-{'1.8.0' if line == '8' else line}-amazon-corretto"
            program = "$(readlink -f $(command -v javac || command -v java))"
            link = f'program={program} && ln -s "${{program%/bin/*}}" {home}'
            return [f"RUN [ -e {home} ] || {{ mkdir -p /usr/lib/jvm && {link}; }}", f"ENV JAVA_HOME={home}"]
        case Language.DOTNET:
            return ["ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1"]
        case Language.NODE | Language.PHP | Language.RUBY | Language.GO:
            return []
        case _:
            assert_never(runtime.language)


def _linked(program: str, name: str, option: str) -> str:
    """Return a command that makes `name` call `program`, if that exists and `name` is another version of it."""
    differs = f'[ "$($path {option})" != "$({name} {option} 2>/dev/null)" ]'
    link = f'mkdir -p /usr/local/bin && ln -sf "$path" /usr/local/bin/{name}'
    return f'{{ path=$(command -v {program} 2>/dev/null); if [ -n "$path" ] && {differs}; then {link}; fi; }}'


def _nothing_installs(runtime: Runtime, base: str, found: str, required: list[Tool], options: RecipeOptions) -> str:
    has = f" (it has {runtime.language} {found})" if found else ""
    names = [str(runtime) if tool is LANGUAGES[runtime.language] else tool.program for tool in required]
    what = ", ".join((*names, *options.packages))
    return (
        f"{base} has no {what}{has}, and no {', '.join(MANAGERS[:-1])} or {MANAGERS[-1]} that could install it: name a "
        "base that has the one or the other"
    )


def _plain(text: str) -> str:
    """Return the text without characters that are special between double quotes of a shell."""
    return "".join(character for character in text if character.isalnum() or character in " .:/_@()+-")
