"""The programs of a runtime in an image: a shell script that examines the image, and the script's output.

The same script examines the base before the build and the image after it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from simulator.builds.runtime_images.names import Role
from simulator.builds.runtime_images.tools import MANAGERS, tools_of
from simulator.builds.runtimes import Runtime
from simulator.builds.toolchain import version_commands, version_in

NATIVE: Final = ("yum", "dnf")  # Amazon Linux's package managers, which build commands for App Runner may call
_SYSTEM, _PROGRAM, _BEGIN, _END = "system=", "program=", "begin=", "end="
_HEAD: Final = """\
if [ -r /etc/os-release ]; then . /etc/os-release; fi
echo "system=${PRETTY_NAME:-$ID}"
"""


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of an image. `system`: the distribution's name; empty if it has none. `programs`: the found ones.

    `versions`: maps the names that the language's program may have to their versions.
    """

    system: str = ""
    programs: frozenset[str] = frozenset()
    versions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_output(cls, runtime: Runtime, output: str) -> Self:
        system, programs, versions = "", set[str](), dict[str, str]()
        program, answer = "", list[str]()
        for line in output.splitlines():
            if line.startswith(_SYSTEM):
                system = line.removeprefix(_SYSTEM)
            elif line.startswith(_PROGRAM):
                programs.add(line.removeprefix(_PROGRAM))
            elif line.startswith(_BEGIN):
                program, answer = line.removeprefix(_BEGIN), []
            elif line.startswith(_END):
                version = version_in(runtime, "\n".join(answer))
                if version:
                    versions[program] = version
            else:
                answer.append(line)
        return cls(system, frozenset(programs), versions)

    @property
    def manager(self) -> str:
        """The package manager; empty if there is none."""
        return next((each for each in MANAGERS if each in self.programs), "")

    def program_for(self, runtime: Runtime) -> str:
        """Return the language's program in a version that App Runner has; empty if there is none."""
        return next((name for name, version in self.versions.items() if runtime.has(version)), "")

    def version(self, runtime: Runtime) -> str:
        """Return the version of `program_for`, else that of the first program; empty if there is no program."""
        return self.versions.get(self.program_for(runtime)) or next(iter(self.versions.values()), "")


def examination(runtime: Runtime, role: Role) -> str:
    """Return the script, which needs a shell and no other program."""
    looked_for = (*MANAGERS, *NATIVE, *(tool.program for tool in tools_of(runtime, role)))
    lines = [
        f'if command -v {name} >/dev/null 2>&1; then echo "program={name}"; fi' for name in dict.fromkeys(looked_for)
    ]
    for program, *arguments in version_commands(runtime):
        lines += [
            f"if command -v {program} >/dev/null 2>&1; then echo begin={program}",
            f"{shlex.join((program, *arguments))} 2>&1",
            f"echo; echo end={program}; fi",
        ]
    return _HEAD + "\n".join(lines) + "\n"
