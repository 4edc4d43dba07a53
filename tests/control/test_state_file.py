from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.control.registry import Registry
from simulator.control.state_file import StateFileError, export_state, import_state
from simulator.control.store import Store
from simulator.model.api_resources import ConnectionResource
from tests.control.test_registry import connection


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    rooms = Registry(Store(tmp_path / "old.db"), seed=5)
    with rooms.change():
        rooms.put(connection("mine", rooms.next_number()))
    assert export_state(rooms.store, tmp_path / "state.json") == 1
    rooms.store.close()
    return tmp_path / "state.json"


def test_an_exported_state_is_imported_whole(exported: Path, tmp_path: Path) -> None:
    assert import_state(tmp_path / "new.db", exported) == 1
    again = Registry(Store(tmp_path / "new.db"), seed=99)
    assert again.all(ConnectionResource) == [connection("mine", 1)]
    assert again.seed == 5
    with again.change():
        assert again.next_number() == 2
    again.store.close()


def test_the_file_is_for_its_owner_only(exported: Path) -> None:
    assert exported.stat().st_mode & 0o077 == 0


def test_a_state_that_is_there_is_not_written_over(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(StateFileError, match="is a state already"):
        import_state(tmp_path / "old.db", exported)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "terraform"}, "format = 'terraform', must be 'apprunner-simulator-state'"),
        ({"version": 999}, "version = 999, must be 1 to"),
        ({"resources": [{"kind": "service"}]}, r"resources\[0\], must have kind, key and body"),
        ({"resources": [{"kind": "x", "key": "k", "body": {}}]}, r"resources\[0\]: kind = 'x', must be one of"),
        ({"resources": [{"kind": "account", "key": "k", "body": {}}]}, r"resources\[0\]: account: account"),
    ],
)
def test_a_file_that_does_not_serve_is_refused_before_anything_is_made(
    exported: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    exported.write_text(json.dumps(json.loads(exported.read_text()) | change))
    with pytest.raises(StateFileError, match=message):
        import_state(tmp_path / "new.db", exported)
    assert not (tmp_path / "new.db").exists()


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("resources: []")
    with pytest.raises(StateFileError, match="Expecting value"):
        import_state(tmp_path / "new.db", tmp_path / "state.json")
