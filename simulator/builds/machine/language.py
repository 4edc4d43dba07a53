"""The environment that a language needs: the place of packages that an application installs globally.

On App Runner that is the image. Here it is the folder `system` of the stage, which is new for every stage. So packages
that a build command installs globally are missing in the run image unless they are installed there too (facts 6.3,
6.4).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, assert_never

from simulator.builds.build_cache import key_of
from simulator.builds.machine.sandbox import BuildRoot
from simulator.builds.runtimes import Language
from simulator.builds.toolchain import SYSTEM_PATH, Toolchain

# pip is copied from an environment that is made once for every interpreter, because installing pip takes seconds.
# Arguments: the interpreter, that environment, the environment to make. The shared environment is made in the folder of
# the build and then moved, so that an interrupted build leaves only files that the next start removes.
_MAKE_VENV: Final = """\
set -eu
if [ ! -d "$2" ]; then
  "$1" -m venv "$3.new"
  chmod 700 "$3.new"
  mv -T "$3.new" "$2" 2>/dev/null || rm -rf "$3.new"
fi
"$1" -m venv --without-pip "$3"
cp -a "$2"/lib/python*/site-packages/. "$3"/lib/python*/site-packages/
cd "$3/bin"
for name in pip pip3; do
  printf '#!/bin/sh\\nexec "%s" -m pip "$@"\\n' "$3/bin/python3" > "$name"
  chmod 755 "$name"
done
"""


def preparation(language: Language, toolchain: Toolchain, stage: BuildRoot, folder: Path) -> tuple[str, ...]:
    """Return the command that prepares the language in the stage; empty if folders suffice.

    `folder` is shared by the stages of one toolchain.
    """
    if language is Language.PYTHON:
        shared = folder / f"python-{toolchain.version}-{key_of({'program': str(toolchain.program)})}"
        return ("/bin/sh", "-c", _MAKE_VENV, "sh", str(toolchain.program), str(shared), str(_venv(stage)))
    return ()


def variables(language: Language, toolchain: Toolchain, stage: BuildRoot) -> dict[str, str]:
    """Return the variables of every command in the stage."""
    system = stage.system
    folders, more = [toolchain.folder], dict[str, str]()
    match language:
        case Language.PYTHON:
            folders.insert(0, _venv(stage) / "bin")
            more = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
        case Language.NODE:
            folders.insert(0, system / "npm" / "bin")
            more = {"NPM_CONFIG_PREFIX": str(system / "npm"), "NPM_CONFIG_UPDATE_NOTIFIER": "false"}
        case Language.JAVA:
            more = {"JAVA_HOME": str(toolchain.folder.parent)}
        case Language.GO:
            folders.insert(0, system / "go" / "bin")
            more = {"GOPATH": str(system / "go"), "GOTOOLCHAIN": "local"}
        case Language.RUBY:
            folders.insert(0, system / "gems" / "bin")
            more = {"GEM_HOME": str(system / "gems")}
        case Language.PHP:
            more = {"COMPOSER_HOME": str(system / "composer"), "COMPOSER_ALLOW_SUPERUSER": "1"}
        case Language.DOTNET:
            more = {"DOTNET_ROOT": str(toolchain.folder), "DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_NOLOGO": "1"}
        case _:
            assert_never(language)
    path = ":".join([*dict.fromkeys(str(folder) for folder in folders), SYSTEM_PATH])
    return {"PATH": path, "LANG": "C.UTF-8", **more}


def _venv(stage: BuildRoot) -> Path:
    return stage.system / "python"
