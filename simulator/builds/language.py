"""What a language needs around it: where packages go that an application installs for the whole machine.

On App Runner that is the image. Here it is the stage's `system` folder, which is new for every stage, so that what a
build command installs globally is gone in the image that runs, unless it is installed there as well (facts 6.3, 6.4).
"""

from __future__ import annotations

from pathlib import Path

from simulator.builds.runtimes import Language
from simulator.builds.sandbox import Stage
from simulator.builds.toolchain import SYSTEM_PATH, Toolchain


def preparation(language: Language, toolchain: Toolchain, stage: Stage) -> tuple[str, ...]:
    """The command that makes the language's part of the stage; empty when folders are enough."""
    if language is Language.PYTHON:
        return (str(toolchain.program), "-m", "venv", str(_venv(stage)))
    return ()


def variables(language: Language, toolchain: Toolchain, stage: Stage) -> dict[str, str]:
    """Of everything that runs in the stage."""
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
    path = ":".join([*dict.fromkeys(str(folder) for folder in folders), SYSTEM_PATH])
    return {"PATH": path, "LANG": "C.UTF-8", **more}


def _venv(stage: Stage) -> Path:
    return stage.system / "python"
