"""Kept downloads of builds in containers: a volume of the engine for the cache folder of each package tool.

A volume is mounted at the tool's cache, so commands need no change. Its content is not in the image of the build. An
application may run from some caches (`go run`, `mvn spring-boot:run`). These are copied into the image, and each source
has its own, so that an image does not contain the downloads of other sources.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from simulator.builds.runtimes import Language

LABEL: Final = "apprunner-simulator.downloads"  # of a volume; its value is the identity of the build cache
_HOME: Final = "/root"  # home of root, if the image sets no other
_WHEELS: Final = "kept-wheels"  # below pip's cache


@dataclass(frozen=True, slots=True)
class _Folder:
    """The cache folder of a tool.

    `locations`: variable and path below it; the first variable that the image sets applies, HOME is always set. `sets`:
    a variable that gives the tool the folder, if it has one; otherwise the tool finds root's home in /etc/passwd.
    `offline`: variables that make the tool use only the folder, `{}`, or fail.
    """

    name: str
    locations: tuple[tuple[str, str], ...]
    in_place: bool = False
    sets: str = ""
    offline: Mapping[str, str] = field(default_factory=dict)

    def path(self, environment: Mapping[str, str]) -> str:
        known = {"HOME": _HOME, **environment}
        return next(known[name].split(":")[0] + below for name, below in self.locations if known.get(name))


_PIP_OFFLINE: Final = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": f"{{}}/{_WHEELS}"}
_NPM_OFFLINE: Final = {"NPM_CONFIG_OFFLINE": "true", "NPM_CONFIG_AUDIT": "false"}
_FOLDERS: Final[Mapping[Language, tuple[_Folder, ...]]] = MappingProxyType(
    {
        Language.PYTHON: (
            _Folder(
                "pip",
                (("PIP_CACHE_DIR", ""), ("XDG_CACHE_HOME", "/pip"), ("HOME", "/.cache/pip")),
                sets="PIP_CACHE_DIR",
                offline=_PIP_OFFLINE,
            ),
        ),
        Language.NODE: (
            _Folder(
                "npm",
                (("NPM_CONFIG_CACHE", ""), ("npm_config_cache", ""), ("HOME", "/.npm")),
                sets="NPM_CONFIG_CACHE",
                offline=_NPM_OFFLINE,
            ),
            _Folder("yarn", (("YARN_CACHE_FOLDER", ""), ("HOME", "/.cache/yarn")), sets="YARN_CACHE_FOLDER"),
        ),
        Language.JAVA: (
            # Maven before 3.9 ignores the variable; without a network it uses the content of its repository as well.
            _Folder("maven", (("HOME", "/.m2/repository"),), in_place=True, offline={"MAVEN_ARGS": "--offline"}),
            _Folder("gradle", (("GRADLE_USER_HOME", "/caches"), ("HOME", "/.gradle/caches")), in_place=True),
        ),
        Language.DOTNET: (
            _Folder(
                "nuget", (("NUGET_PACKAGES", ""), ("HOME", "/.nuget/packages")), in_place=True, sets="NUGET_PACKAGES"
            ),
        ),
        Language.PHP: (
            _Folder(
                "composer",
                (("COMPOSER_CACHE_DIR", ""), ("HOME", "/.cache/composer")),
                sets="COMPOSER_CACHE_DIR",
                offline={"COMPOSER_DISABLE_NETWORK": "1"},
            ),
        ),
        Language.RUBY: (),  # `bundle install` has no cache folder from which it could install without an index
        Language.GO: (
            _Folder(
                "go",
                (("GOMODCACHE", ""), ("GOPATH", "/pkg/mod"), ("HOME", "/go/pkg/mod")),
                in_place=True,
                sets="GOMODCACHE",
                offline={"GOPROXY": "off", "GOSUMDB": "off"},
            ),
            _Folder(
                "go-build",
                (("GOCACHE", ""), ("XDG_CACHE_HOME", "/go-build"), ("HOME", "/.cache/go-build")),
                sets="GOCACHE",
            ),
        ),
    }
)
# Messages of package tools that reach no server: name resolution, routes, connections.
_NO_NETWORK: Final = re.compile(
    r"temporary failure in name resolution|name or service not known|nameresolutionerror|newconnectionerror"
    r"|failed to establish a new connection|network is unreachable|no route to host|connecttimeouterror"
    r"|\b(?:eai_again|enotfound|enetunreach|ehostunreach|etimedout|econnrefused)\b"
    r"|unknown host|could not resolve host|connect to \S+ .*failed: connection refused"
    r"|dial tcp\b|no such host|nu1301|could not reach host",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Downloads:
    """The kept downloads of one stage of a build.

    `volumes`: maps a path in the container to the volume that is mounted there. `in_place`: those of the paths whose
    content becomes a part of the image. `variables`: for every command. `offline`: further ones for commands without a
    network. `wheels`: pip's cache and the folder for wheels in it; empty without pip.
    """

    volumes: Mapping[str, str]
    in_place: tuple[str, ...]
    variables: Mapping[str, str]
    offline: Mapping[str, str]
    wheels: tuple[str, ...] = ()

    def mounts(self, identity: str) -> list[dict[str, Any]]:
        """Return the mounts in the engine's form; the engine creates volumes that do not exist."""
        return [
            {
                "Type": "volume",
                "Source": volume,
                "Target": path,
                "VolumeOptions": {"Labels": {LABEL: identity}},
            }
            for path, volume in self.volumes.items()
        ]


def downloads_of(language: Language, environment: Mapping[str, str], identity: str, source: str) -> Downloads:
    """Return the kept downloads of a stage.

    `environment`: that of the stage's image. `identity`: of the build cache. `source`: identifies the source directory.
    """
    volumes, variables, offline = dict[str, str](), dict[str, str](), dict[str, str]()
    in_place, wheels = list[str](), tuple[str, ...]()
    for folder in _FOLDERS[language]:
        path = folder.path(environment)
        of = hashlib.sha256(source.encode()).hexdigest()[:12] if folder.in_place else "all"
        volumes[path] = f"apprunner-simulator-{identity[:16]}-{folder.name}-{of}"
        if folder.sets:
            variables[folder.sets] = path
        if folder.in_place:
            in_place.append(path)
        if folder.name == "pip":
            wheels = (path, f"{path}/{_WHEELS}")
        offline |= {name: value.format(path) for name, value in folder.offline.items()}
    return Downloads(volumes, tuple(in_place), variables, offline, wheels)


def lacks_network(line: str) -> bool:
    """Return True if a line of a command's output reports that a server could not be reached."""
    return bool(_NO_NETWORK.search(line))
