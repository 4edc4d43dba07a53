"""The registry: all resources in memory, and the only way to change them.

A change is synchronous and atomic: inside `with registry.change():` modifications are visible at once, and at its end
they are committed to the store together with their log entries. On any failure they are undone. No response is sent and
no task is started before the commit: use `after_commit` for that.

The caller of the API does not wait for a background change, such as a step of an operation. If the state is not
writable (for example because the disk is full), the change stays in memory and is written with the next successful
commit.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from simulator.control.state.log_entries import EntriesAdded, LogEntry
from simulator.control.state.serialization import DocumentError, from_json, kind_of, to_json
from simulator.control.state.store import Store
from simulator.control.state.unsaved_changes import UnsavedChanges
from simulator.model.resources.api_resources import Resource
from simulator.records.journal import Journal

R = TypeVar("R", bound=Resource)
Places = dict[tuple[type, str], Resource | None]

_NUMBER: Final = "number"
_SEED: Final = "seed"


class Registry:
    """All resources. The `journal` gets the log entries that changes have added.

    `seed` determines the identifiers of a new store. Raises DocumentError for a damaged store.
    """

    def __init__(self, store: Store, *, seed: int, journal: Journal | None = None) -> None:
        self.store = store
        self.journal = Journal() if journal is None else journal
        # increases with every change of a resource; values derived from resources are valid until then
        self.version = 0
        self._resources: dict[type, dict[str, Resource]] = {}
        self._by_owner: dict[type, dict[str, dict[str, Resource]]] = {}
        self._open: _Change | None = None
        self._unsaved = UnsavedChanges()
        meta = store.meta()
        self._number = _number_of(meta, _NUMBER, 0)
        self.seed = _number_of(meta, _SEED, seed)
        if _SEED not in meta:
            store.write(meta={_SEED: str(self.seed)})
        loaded = [from_json(kind, body) for kind, _, body in store.documents()]
        for resource in sorted(loaded, key=lambda each: each.born):
            self._place(resource)

    # --- reading ---------------------------------------------------------------------------------------------------

    def get(self, kind: type[R], key: str) -> R | None:
        found = self._resources.get(kind, {}).get(key)
        assert found is None or isinstance(found, kind)
        return found

    def owned_by(self, kind: type[R], owner_key: str) -> list[R]:
        """Return the resources of an owner (an account in a Region, or a service), in order of creation."""
        resources = self._by_owner.get(kind, {}).get(owner_key, {}).values()
        return sorted((each for each in resources if isinstance(each, kind)), key=lambda each: each.born)

    def all(self, kind: type[R]) -> list[R]:
        resources = self._resources.get(kind, {}).values()
        return sorted((each for each in resources if isinstance(each, kind)), key=lambda each: each.born)

    def has(self, kind: str) -> bool:
        """Return True if there are resources of a kind, given the name under which it is stored."""
        return any(kind_of(each) == kind for stored in self._resources.values() for each in (*stored.values(),)[:1])

    # --- changing --------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def change(self, *, background: bool = False) -> Iterator[None]:
        """Commit the changes of the block together.

        If the commit fails, undo them and raise sqlite3.Error; if `background` is True, keep them in memory instead.
        """
        assert self._open is None, "a change within a change"
        change = self._open = _Change(self._number)
        try:
            yield
            try:
                self._commit(change)
            except sqlite3.Error as error:
                if not background:
                    raise
                self._unsaved.keep(change, error, self.save)
        except BaseException:
            self._undo(change)
            raise
        finally:
            self._open = None
        if change.entries:
            self.journal.publish(EntriesAdded(change.entries))
        for action in change.after:
            action()

    def save(self) -> None:
        """Try to write background changes that could not be written before."""
        if self._unsaved and self._open is None:
            with self.change(background=True):
                pass

    def put(self, resource: Resource) -> None:
        """Add a resource, or replace it by its new version."""
        self._remember(resource)
        self._place(resource)

    def remove(self, resource: Resource) -> None:
        self._remember(resource)
        self._displace(resource)

    def append_entry(self, entry: LogEntry) -> None:
        self._changing().entries.append(entry)

    def after_commit(self, action: Callable[[], object]) -> None:
        self._changing().after.append(action)

    def next_number(self) -> int:
        """Return the next of 1, 2, 3, ...: each number only once per store."""
        self._changing()
        self._number += 1
        return self._number

    # --- internals -------------------------------------------------------------------------------------------------

    def _changing(self) -> _Change:
        assert self._open is not None, "resources change within `registry.change()` only"
        return self._open

    def _remember(self, resource: Resource) -> None:
        self._changing().before.setdefault((type(resource), resource.key), self.get(type(resource), resource.key))

    def _place(self, resource: Resource) -> None:
        kind = type(resource)
        self._resources.setdefault(kind, {})[resource.key] = resource
        self._by_owner.setdefault(kind, {}).setdefault(resource.owner_key, {})[resource.key] = resource
        self.version += 1

    def _displace(self, resource: Resource) -> None:
        kind = type(resource)
        del self._resources[kind][resource.key]
        del self._by_owner[kind][resource.owner_key][resource.key]
        self.version += 1

    def _commit(self, change: _Change) -> None:
        unsaved = self._unsaved
        before = {**change.before, **unsaved.before}
        now = {place: self._resources.get(place[0], {}).get(place[1]) for place in before}
        gone = [each for place, each in before.items() if now[place] is None and each is not None]
        puts = [(kind_of(each), each.key, to_json(each)) for each in now.values() if each is not None]
        entries = [*unsaved.entries, *change.entries]
        if puts or gone or entries:
            self.store.write(
                puts=puts,
                removals=[(kind_of(each), each.key) for each in gone],
                entries=entries,
                meta={_NUMBER: str(self._number)} if self._number != change.number or unsaved else None,
            )
        unsaved.saved()

    def _undo(self, change: _Change) -> None:
        self._number = change.number
        for (kind, key), before in change.before.items():
            now = self._resources.get(kind, {}).get(key)
            if before is not None:
                self._place(before)
            elif now is not None:
                self._displace(now)


def _number_of(meta: Mapping[str, str], name: str, default: int) -> int:
    """Return a number from `meta`. Raises DocumentError."""
    try:
        return int(meta.get(name, default))
    except ValueError as error:
        msg = f"meta.{name} = {meta[name][:80]!r}, must be a whole number: the state is damaged"
        raise DocumentError(msg) from error


class _Change:
    """The modifications of the current change. `before`: the previous resources; None for those that did not exist."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.before: Places = {}
        self.entries: list[LogEntry] = []
        self.after: list[Callable[[], object]] = []
