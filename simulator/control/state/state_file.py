"""A state as one JSON file: for backups, for tests that begin with a known state, and for another machine.

The file contains the resources, with the variables of services in plain text. It contains no log entries and audit
records, because these are history and not state.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulator.control.state.serialization import from_json
from simulator.control.state.store import MIGRATIONS, Document, Store, naming
from simulator.control.state.store_file import StoreError
from simulator.world.private_files import write_private

FORMAT: Final = "apprunner-simulator-state"
_NUMBERS: Final = {"number": 0, "seed": 0}  # numbers of the registry, stored as text, with their defaults
_DIGITS_MAX: Final = 19  # digits of a 64-bit number
_SHOWN_MAX: Final = 60
# the version in which the documents got their current form; later versions changed other tables
_DOCUMENTS_SINCE: Final = 1


class StateFileError(Exception):
    """The file cannot be imported; the message has the reason and the place."""


def export_state(store: Store, path: Path) -> int:
    """Write the state to a file that only its owner can read.

    Return the number of resources. Raises OSError, StoreError.
    """
    with store.snapshot():
        documents, meta, version = store.documents(), store.meta(), store.version
    resources = [{"kind": kind, "key": key, "body": _parsed(kind, key, body)} for kind, key, body in documents]
    content = {"format": FORMAT, "version": version, "meta": meta, "resources": resources}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    if path.exists() and not path.is_file():  # for example a pipe or a device
        path.write_text(text, encoding="utf-8")
    else:
        write_private(path.resolve(), text.encode())
    return len(resources)


def _parsed(kind: str, key: str, body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"resource {kind} {key}: {error}") from error


@dataclass(frozen=True, slots=True)
class StateContent:
    """The validated content of a state file."""

    version: int
    meta: dict[str, str]
    documents: list[Document]


def import_state(store_path: Path, path: Path) -> int:
    """Read resources into a new store at `store_path`, which is created completely or not at all. Return their number.

    Raises:
        StateFileError: if a state already exists, or the file is invalid; then nothing is created.
        StoreError, OSError: if a file cannot be read or written.
    """
    return make_state(store_path, read_state(path))


def make_state(store_path: Path, content: StateContent) -> int:
    """Do what `import_state` does, with the content of a file that has been read."""
    if store_path.exists():
        raise StateFileError(f"{store_path} already exists; an import creates a new state")
    beside = store_path.with_name(f".{store_path.name}.import")
    try:
        with naming(store_path):
            beside.unlink(missing_ok=True)
            # create the schema of the file's version, then migrate it like any old store
            with contextlib.closing(Store(beside, MIGRATIONS[: content.version])) as old:
                old.write(puts=content.documents, meta=content.meta)
            Store(beside).close()
            beside.rename(store_path)
    finally:
        for end in ("", "-wal", "-shm"):
            beside.with_name(beside.name + end).unlink(missing_ok=True)
    return len(content.documents)


def read_state(path: Path) -> StateContent:
    """Read and validate a state file. Raises StateFileError if it is invalid, and OSError if it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise StateFileError(f"{path}: {error}") from error
    return state_in(text, str(path))


def state_in(text: str, path: str) -> StateContent:
    """Validate the text of a state file; errors contain `path`. Raises StateFileError."""
    try:
        content = json.loads(text)
    except RecursionError as error:
        raise StateFileError(f"{path}: nested too deep, must be what `simulator state export` wrote") from error
    except ValueError as error:
        raise StateFileError(f"{path}: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise StateFileError(f"{path}: format = {_shown(content, 'format')}, must be {FORMAT!r}")
    version = content.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= len(MIGRATIONS):
        raise StateFileError(f"{path}: version = {version!r}, must be 1 to {len(MIGRATIONS)}")
    resources, meta = content.get("resources", []), content.get("meta", {})
    if not isinstance(resources, list):
        raise StateFileError(f"{path}: resources = {_short(resources)}, must be a list of kind, key and body")
    if not isinstance(meta, dict):
        raise StateFileError(f"{path}: meta = {_short(meta)}, must be a mapping of names to texts")
    for name, least in _NUMBERS.items():
        if name in meta and not _is_number(meta[name], least):
            raise StateFileError(f"{path}: meta.{name} = {_short(meta[name])}, must be a whole number from {least}")
    documents = [_document(each, number, path, version) for number, each in enumerate(resources)]
    return StateContent(version, {name: str(value) for name, value in meta.items()}, documents)


def _is_number(value: object, least: int) -> bool:
    text = value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX and int(text) >= least


def _document(each: Any, number: int, path: str, version: int) -> Document:
    try:
        kind, key, body = str(each["kind"]), str(each["key"]), json.dumps(each["body"], allow_nan=False)
        (kind + key + body).encode()  # a lone surrogate cannot be stored
        if version >= _DOCUMENTS_SINCE:
            from_json(kind, body)
    except (KeyError, TypeError) as error:
        raise StateFileError(f"{path}: resources[{number}], must have kind, key and body") from error
    except (ValueError, RecursionError) as error:  # includes DocumentError
        raise StateFileError(f"{path}: resources[{number}]: {error}") from error
    return kind, key, body


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."


def _shown(content: object, name: str) -> str:
    return repr(content.get(name)) if isinstance(content, dict) else "nothing"
