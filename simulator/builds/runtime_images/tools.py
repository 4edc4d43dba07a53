"""The programs that the image of a runtime has in addition to its base, and their packages (facts 6.6).

Names of packages are those of Debian 12 and Ubuntu 22.04 (apt-get), and of Amazon Linux 2023 (dnf). If a distribution
lacks a version of a language, that is not corrected here: the image is examined after its build.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from simulator.builds.runtime_images.names import Role
from simulator.builds.runtimes import BuildKind, Language, Runtime


@dataclass(frozen=True, slots=True)
class Tool:
    """A program. `apt`, `dnf`: its packages, with `{line}` for the runtime's version line.

    `{jdk}` is that line as Corretto's packages write it. `required`: a build of the runtime cannot work without it;
    other tools are omitted if the packages of the base do not include them. `near`: packages for apt-get that have
    another version of the language, for a base without the runtime's own.
    """

    program: str
    apt: tuple[str, ...] = ()
    dnf: tuple[str, ...] = ()
    required: bool = False
    near: tuple[str, ...] = ()

    def packages(self, manager: str, line: str) -> tuple[str, ...]:
        """Return the packages for `apt-get`, `dnf`, `microdnf` or `yum`."""
        jdk = "1.8.0" if line == "8" else line
        return tuple(name.format(line=line, jdk=jdk) for name in (self.apt if manager == APT else self.dnf))


APT: Final = "apt-get"
MANAGERS: Final = (APT, "dnf", "microdnf", "yum")

# The program of each language (its version is determined as for a toolchain), and the tools that App Runner's image has
# with it.
LANGUAGES: Final[Mapping[Language, Tool]] = MappingProxyType(
    {
        Language.PYTHON: Tool(
            "python3",
            ("python{line}", "python3", "python{line}-dev"),
            ("python{line}",),
            near=("python3", "python3-dev"),
        ),
        Language.NODE: Tool("node", ("nodejs",), ("nodejs{line}",)),
        Language.JAVA: Tool(
            "java",
            ("openjdk-{line}-jdk-headless",),
            ("java-{jdk}-amazon-corretto-devel",),
            near=("default-jdk-headless",),
        ),
        Language.DOTNET: Tool("dotnet", ("dotnet-sdk-{line}.0",), ("dotnet-sdk-{line}.0",)),
        Language.PHP: Tool("php", ("php{line}-cli",), ("php{line}-cli",), near=("php-cli",)),
        Language.RUBY: Tool("ruby", ("ruby", "ruby-dev"), ("ruby{line}", "ruby{line}-devel")),
        Language.GO: Tool("go", ("golang-go",), ("golang",)),
    }
)
_TOOLS: Final[Mapping[Language, tuple[Tool, ...]]] = MappingProxyType(
    {
        Language.PYTHON: (
            Tool(
                "pip3",
                ("python3-pip", "python{line}-venv"),
                ("python{line}-pip",),
                required=True,
                near=("python3-pip", "python3-venv"),
            ),
            Tool("virtualenv", ("python3-virtualenv",), ()),
        ),
        Language.NODE: (
            Tool("npm", ("npm",), ("nodejs{line}-npm",), required=True),
            Tool("yarn", ("yarn",), ("yarn",)),
        ),
        Language.JAVA: (Tool("mvn", ("maven",), ("maven",), required=True), Tool("gradle", ("gradle",), ("gradle",))),
        Language.DOTNET: (),
        Language.PHP: (
            Tool("composer", ("composer",), ("composer",)),
            Tool("php-fpm", ("php{line}-fpm",), ("php{line}-fpm",)),
            Tool("httpd", (), ("httpd",)),
            Tool("nginx", ("nginx-light",), ("nginx",)),
        ),
        Language.RUBY: (
            Tool("gem", ("ruby-rubygems",), ("ruby{line}-rubygems",), required=True),
            Tool("bundle", ("bundler",), ("ruby{line}-rubygem-bundler",)),
        ),
        Language.GO: (),
    }
)
# For a stage in which packages with native parts are compiled.
_COMPILERS: Final = (
    Tool("gcc", ("gcc", "g++", "libc6-dev"), ("gcc", "gcc-c++")),
    Tool("make", ("make",), ("make",)),
    Tool("git", ("git", "ca-certificates"), ("git",)),
    Tool("unzip", ("unzip",), ("unzip",)),
)


def tools_of(runtime: Runtime, role: Role) -> tuple[Tool, ...]:
    """Return the tools of an image besides the language. The run image of an original build compiles too."""
    compiles = role is Role.BUILD or runtime.kind is BuildKind.ORIGINAL
    return (*_TOOLS[runtime.language], *(_COMPILERS if compiles else ()))
