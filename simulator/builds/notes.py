"""Notes in the deployment log about silent behaviour of App Runner: common mistakes in build and start commands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from simulator.builds.build_plan import BuildPlan
from simulator.model.resources.service_configuration import start_words

_OPERATORS: Final = frozenset({"&&", "||", "|", ";", "&", ">", ">>", "<", "2>&1"})
_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "zsh"})
_BUILT_IN: Final = frozenset({"cd", "export", "source", ".", "set", "exec", "ulimit", "umask"})
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*")
_VARIABLE: Final = re.compile(r"\$\{?[A-Za-z_]")
# Package managers of other distributions: App Runner's build images are Amazon Linux (facts 6.6, 19.1).
_FOREIGN: Final = re.compile(r"(?:^|[\s;&|(])(apt-get|apt|apk|zypper|pacman)(?:\s|$)")
_NATIVE: Final = re.compile(r"(?:^|[\s;&|(])(yum|dnf|microdnf|amazon-linux-extras)(?:\s|$)")
_NOT_FOUND: Final = 127  # exit code of a shell that does not find a program


def start_notes(command: str) -> tuple[str, ...]:
    """Name the parts of a start command that need a shell, because App Runner runs it without one (facts 19.1)."""
    try:
        words = start_words(command)
    except ValueError:
        return ()  # the deployment reports it
    if not words or words[0].rpartition("/")[2] in _SHELLS:
        return ()
    needs = [word for word in words if word in _OPERATORS or word.endswith(";")]
    needs += [word for word in words if _VARIABLE.search(word)]
    if words[0] in _BUILT_IN or _ASSIGNMENT.fullmatch(words[0]):
        needs.insert(0, words[0])
    if not needs:
        return ()
    what = f"`{needs[0]}` is the program to start" if needs[0] == words[0] else f"`{needs[0]}` is an argument"
    return (f"No shell runs the start command, as on App Runner: {what}. For a shell write `sh -c '...'`.",)


def build_notes(plan: BuildPlan, *, of_api: bool) -> tuple[str, ...]:
    """Return notes about a whole build before it begins. `of_api`: the build configuration comes from the API."""
    notes = [*plan.notes, *start_notes(plan.start)]
    own = [name for name in (*plan.variables, *plan.secrets) if name not in plan.build_variables]
    if of_api:
        if own and plan.build:
            notes.append(
                f"The build command does not see the service's variables ({_listed(own)}), as on App Runner. An "
                "apprunner.yaml has build.env for it; or write NAME=value before the command."
            )
    else:
        used = _used(own, plan.commands)
        if used:
            notes.append(
                f"Build commands use {_listed(used)}, which run.env or run.secrets set for the application only; "
                "build.env sets variables of the build."
            )
    foreign = _first(_FOREIGN, plan.commands)
    if foreign:
        notes.append(f"App Runner builds on Amazon Linux, which has yum and no {foreign}: this build would fail there.")
    return tuple(notes)


def failure_hint(command: str, code: int) -> str:
    """Return advice about a command that failed; empty if none is known."""
    native = _first(_NATIVE, (command,))
    if code == _NOT_FOUND and native:
        return (
            f"{native} is Amazon Linux's, on which App Runner builds, and this machine has none: build in an image "
            "that has it (`--build-image public.ecr.aws/amazonlinux/amazonlinux:2023` for example)"
        )
    return ""


def second_run_note(plan: BuildPlan) -> str:
    """Return a note about what is missing in the second run of the build commands (facts 19.1)."""
    names = _listed(plan.build_variables)
    return (
        f"Second run of the build commands, without build.env ({names}), as observed on App Runner. What this run "
        "makes is deployed; write NAME=value before a command that needs it."
    )


def _used(names: Iterable[str], commands: Iterable[str]) -> list[str]:
    text = "\n".join(commands)
    return [name for name in names if re.search(rf"\$(?:{re.escape(name)}\b|\{{{re.escape(name)}\b)", text)]


def _first(pattern: re.Pattern[str], commands: Iterable[str]) -> str:
    found = (pattern.search(command) for command in commands)
    return next((match[1] for match in found if match), "")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
