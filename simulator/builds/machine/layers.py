"""Cache of the dependency installations at the beginning of a stage, valid as long as their inputs are equal.

It works like the layers of an image: a command that only installs dependencies (builds/project/dependency_installs.py)
is not run again after the same commands, with the same variables, versions and manifests. The first other command ends
the use of the cache in its stage.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from simulator.builds.build_cache import BuildCache, key_of
from simulator.builds.machine.sandbox import BuildRoot
from simulator.builds.machine.tree_copy import copy_tree
from simulator.builds.project.dependency_installs import Install, install_of
from simulator.builds.project.requested_versions import reader
from simulator.fleet.process.confinement.sweep import remove

_FILE_BYTES_MAX: Final = 16 * 1024**2  # of a manifest; longer files are not considered manifests
_REWRITTEN_BYTES_MAX: Final = 1024**2
# Files that contain the path of their environment.
_WITH_PATHS: Final = ("**/bin/*", "**/pyvenv.cfg", "**/*.pth", "**/*.egg-link")


class Layers:
    """The layers in one folder. `facts`: everything besides the commands that determines the installed files."""

    def __init__(self, kept: BuildCache) -> None:
        self._kept = kept

    def chain(self, stage: BuildRoot, directory: str, facts: Mapping[str, Any]) -> LayerChain:
        """Return the chain of a new stage."""
        return LayerChain(self._kept, stage, directory, key_of({"layers": 1, "directory": directory, **facts}))


class LayerChain:
    """The commands of one stage, in order."""

    def __init__(self, kept: BuildCache, stage: BuildRoot, directory: str, key: str) -> None:
        self._kept = kept
        self._stage = stage
        self._directory = directory
        self._work = stage.app / directory
        self._key: str | None = key
        self._outputs: tuple[str, ...] = ()
        self._found: Path | None = None  # the layer that equals the commands so far; not copied yet

    async def has(self, command: str, variables: Mapping[str, str]) -> bool:
        """Return True if a layer replaces the command. Otherwise the stage has the result of the earlier commands.

        Raises:
            BuildFailed: if a cached layer cannot be copied.
        """
        install = await self._in_thread(self._next, command, variables)
        if install is None:
            self._key = None
        else:
            self._outputs = tuple(dict.fromkeys((*self._outputs, *install.outputs)))
            found = await self._in_thread(self._kept.find, self._key)
            if found is not None:
                self._found = found
                return True
        await self.settle()
        return False

    async def settle(self) -> None:
        """Copy the found layer into the stage. Call it before anything reads the stage."""
        found, self._found = self._found, None
        if found is None:
            return
        facts = json.loads((found / _FACTS).read_text(encoding="utf-8"))
        for name in ("system", "layer"):
            await self._in_thread(remove, str(self._stage.root / name))
            await self._in_thread((self._stage.root / name).mkdir)
            await copy_tree(found / name, self._stage.root / name)
        for name in facts["outputs"]:
            await self._in_thread(remove, str(self._work / name))
            await copy_tree(found / "app" / name, self._work / name)
        await self._in_thread(_rewrite, self._stage.system, facts["root"], str(self._stage.root))

    async def keep(self) -> None:
        """Store the state of the stage. Call it after the last command passed to `has` has succeeded."""
        if self._key is None:
            return
        place = await self._in_thread(self._kept.place, self._key)
        try:
            for name in ("system", "layer"):
                (place / name).mkdir()
                await copy_tree(self._stage.root / name, place / name)
            there = [name for name in self._outputs if (self._work / name).exists()]
            for name in there:
                (place / "app" / name).parent.mkdir(parents=True, exist_ok=True)
                await copy_tree(self._work / name, place / "app" / name)
            facts = {"root": str(self._stage.root), "outputs": there}
            (place / _FACTS).write_text(json.dumps(facts), encoding="utf-8")
            self._kept.finish(place, {})
        except BaseException:
            await asyncio.shield(self._in_thread(self._kept.drop, place))
            raise
        await self._in_thread(self._kept.shrink, {place})

    # --- internals ---

    def _next(self, command: str, variables: Mapping[str, str]) -> Install | None:
        """Advance to the key of the stage after the command. Return None if the command's result cannot be cached."""
        if self._key is None:
            return None
        read = reader(self._work, _FILE_BYTES_MAX)
        install = install_of(command, read)
        if install is not None:
            inputs = {name: hashlib.sha256(read(name).encode()).hexdigest() for name in install.inputs}
            self._key = key_of({"after": self._key, "command": command, "variables": dict(variables), "inputs": inputs})
        return install

    async def _in_thread(self, work: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, work, *arguments)


_FACTS: Final = "layer.json"


def _rewrite(folder: Path, old: str, new: str) -> None:
    """Replace the path of the environment in the programs that package tools installed there. Blocks."""
    for pattern in _WITH_PATHS:
        for file in folder.glob(pattern):
            if file.is_symlink():
                target = file.readlink()
                if target.is_relative_to(old):
                    file.unlink()
                    file.symlink_to(new + str(target).removeprefix(old))
            elif file.is_file() and file.stat().st_size <= _REWRITTEN_BYTES_MAX:
                content = file.read_bytes()
                if old.encode() in content and b"\0" not in content:
                    file.write_bytes(content.replace(old.encode(), new.encode()))
