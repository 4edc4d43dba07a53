"""A state as one JSON file: for backups, for tests that start from a known state, for another machine.

The file holds the resources, with the variables of services in plain text, and not the entries: logs and audit records
are history, not state.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

from simulator.control.documents import DocumentError, from_json
from simulator.control.store import MIGRATIONS, Document, Store

FORMAT: Final = "apprunner-simulator-state"


class StateFileError(Exception):
    """The file cannot be imported; the message says what is wrong with it and where."""


def export_state(store: Store, path: Path) -> int:
    """How many resources were written. The file is for its owner's eyes. Raises OSError."""
    with store.snapshot():
        documents, meta, version = store.documents(), store.meta(), store.version
    resources = [{"kind": kind, "key": key, "body": json.loads(body)} for kind, key, body in documents]
    content = {"format": FORMAT, "version": version, "meta": meta, "resources": resources}
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write("\n")
    return len(resources)


def import_state(store_path: Path, path: Path) -> int:
    """How many resources were read into the new store at `store_path`.

    Raises:
        StateFileError: when there is a state already, or the file does not serve. Nothing is made then.
        OSError: when a file cannot be read or written.
    """
    if store_path.exists():
        raise StateFileError(f"{store_path} is a state already; an import makes a new one")
    version, meta, documents = _read(path)
    # The schema as it was when the file was written, then on to ours: old files take the way that old stores take.
    old = Store(store_path, MIGRATIONS[:version])
    old.write(puts=documents, meta=meta)
    old.close()
    Store(store_path).close()
    return len(documents)


def _read(path: Path) -> tuple[int, dict[str, str], list[Document]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StateFileError(f"{path}: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise StateFileError(f"{path}: format = {_shown(content, 'format')}, must be {FORMAT!r}")
    version = content.get("version")
    if not isinstance(version, int) or not 1 <= version <= len(MIGRATIONS):
        raise StateFileError(f"{path}: version = {version!r}, must be 1 to {len(MIGRATIONS)}")
    documents = [_document(each, number, path, version) for number, each in enumerate(content.get("resources", []))]
    meta = {str(name): str(value) for name, value in content.get("meta", {}).items()}
    return version, meta, documents


def _document(each: dict[str, Any], number: int, path: Path, version: int) -> Document:
    try:
        kind, key, body = str(each["kind"]), str(each["key"]), json.dumps(each["body"])
        if version == len(MIGRATIONS):  # only then is the document one of ours as it stands
            from_json(kind, body)
    except (KeyError, TypeError) as error:
        raise StateFileError(f"{path}: resources[{number}], must have kind, key and body") from error
    except DocumentError as error:
        raise StateFileError(f"{path}: resources[{number}]: {error}") from error
    return kind, key, body


def _shown(content: object, name: str) -> str:
    return repr(content.get(name)) if isinstance(content, dict) else "nothing"
