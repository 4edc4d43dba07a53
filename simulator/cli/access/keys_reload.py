"""Access keys and roles of `simulator serve`, read again when the configuration or a policy file changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from simulator.api.authentication import Authentication
from simulator.cli.access.keys_section import KeySection, RoleSection
from simulator.scenario.problems import ScenarioError

LOOK_S: Final = 1.0  # between two checks of the files

_Version = tuple[tuple[int, int, int] | None, ...]


class AccessSection(Protocol):
    """The part of the configuration that specifies the callers of the API."""

    @property
    def keys(self) -> Sequence[KeySection]: ...

    @property
    def roles(self) -> Sequence[RoleSection]: ...


class KeysReload:
    """Watches the configuration file, which `load` reads. `must_have_keys`: other machines can reach the API.

    `report` gets a line for each change: what is accepted now, or why the file is not used.
    """

    def __init__(
        self,
        file: Path,
        load: Callable[[], AccessSection],
        authentication: Authentication,
        report: Callable[[str], None],
        *,
        must_have_keys: bool,
    ) -> None:
        self._file, self._load, self._authentication, self._report = file, load, authentication, report
        self._must_have_keys = must_have_keys
        self._policies = _policy_files(load())
        self._version = self._present()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.follow_files()

    def follow_files(self) -> None:
        """Use the current version of the files if they have changed and are valid."""
        version = self._present()
        if version == self._version:
            return
        self._version = version
        try:
            access = self._load()
            self._adopt(access)
        except (ScenarioError, ValueError) as error:
            self._report(f"access keys: the changed {self._file} is not used, the previous keys stay: {error}")
            return
        self._policies = _policy_files(access)
        self._version = self._present()
        counts = f"{len(access.keys)} keys, {len(access.roles)} roles"
        self._report(f"access keys: the changed {self._file} is used now: {counts}")

    def _adopt(self, access: AccessSection) -> None:
        """Accept the keys and roles. Raises ScenarioError or ValueError; nothing has changed then."""
        keys = [key.access_key(("api", "keys", index)) for index, key in enumerate(access.keys)]
        roles = [role.role(("api", "roles", index)) for index, role in enumerate(access.roles)]
        if self._must_have_keys and not keys:
            raise ValueError("keys = none, must be given, since other machines reach the API")
        sessions = self._authentication.sessions
        if roles and sessions is None:
            raise ValueError("roles = given, must be there when `serve` starts")
        self._authentication.keys.replace(keys)
        if sessions is not None:
            sessions.replace(roles)

    def _present(self) -> _Version:
        return tuple(_version(each) for each in (self._file, *self._policies))


def _policy_files(access: AccessSection) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(_files_of(access)))


def _files_of(access: AccessSection) -> Iterator[Path]:
    for key in access.keys:
        for source in (*(key.policies or ()), key.permissions_boundary, *key.session_policies):
            if isinstance(source, Path):
                yield source
    for role in access.roles:
        for source in (*(role.policies or ()), role.permissions_boundary):
            if isinstance(source, Path):
                yield source


def _version(file: Path) -> tuple[int, int, int] | None:
    """Return a value that changes whenever the file is saved; None while there is no file."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
