from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.control.state.registry import Registry
from simulator.control.state.state_file import StateFileError, export_state, import_state, read_state
from simulator.control.state.store import MIGRATIONS, Store
from simulator.control.state.store_file import StoreError
from simulator.model.resources.api_resources import ConnectionResource
from tests.control.state.test_registry import connection


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


def test_an_existing_state_is_not_overwritten(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(StateFileError, match="already exists; an import creates a new state"):
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
def test_an_unsuitable_file_is_rejected_before_anything_is_created(
    exported: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    exported.write_text(json.dumps(json.loads(exported.read_text()) | change))
    with pytest.raises(StateFileError, match=message):
        import_state(tmp_path / "new.db", exported)
    assert not (tmp_path / "new.db").exists()


def test_invalid_json_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("resources: []")
    with pytest.raises(StateFileError, match="Expecting value"):
        import_state(tmp_path / "new.db", tmp_path / "state.json")


@pytest.mark.case("R15")
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"resources": 7}, "resources = 7, must be a list"),
        ({"resources": {"a": 1}}, "resources = {.*}, must be a list"),
        ({"resources": [7]}, r"resources\[0\], must have kind, key and body"),
        ({"resources": ["kind"]}, r"resources\[0\], must have kind"),
        ({"resources": [None]}, r"resources\[0\], must have kind"),
        ({"resources": [{"kind": "account", "key": "\ud800", "body": {}}]}, r"resources\[0\]: "),
        ({"meta": []}, r"meta = \[\], must be a mapping"),
        ({"meta": {"seed": "x"}}, 'meta.seed = "x", must be a whole number'),
        ({"meta": {"number": {}}}, "meta.number = {}, must be a whole number"),
        ({"meta": {"number": -1}}, "meta.number = -1, must be a whole number"),
        ({"meta": {"number": "9" * 5000}}, "meta.number = .*, must be a whole number"),
        ({"version": True}, "version = True, must be 1 to"),
        ({"version": 1.0}, "version = 1.0, must be 1 to"),
        ({"version": "1"}, "version = '1', must be 1 to"),
    ],
)
def test_a_malformed_state_file_is_rejected(exported: Path, change: dict[str, Any], expected: str) -> None:
    exported.write_text(json.dumps(json.loads(exported.read_text()) | change))
    with pytest.raises(StateFileError, match=expected) as caught:
        read_state(exported)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.case("R15")
@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"", b"7", b"[]", b"null", b"NaN"]
)
def test_a_file_that_is_not_a_state_file_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.json").write_bytes(content)
    done = CliRunner().invoke(app, ["state", "import", str(tmp_path / "state.json"), "--state", str(tmp_path / "new")])
    assert (done.exit_code, len(done.output.splitlines())) == (2, 1)
    assert str(tmp_path / "state.json") in done.output
    assert not (tmp_path / "new").exists()


@pytest.mark.case("R15")
def test_an_import_that_fails_half_way_leaves_no_store(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Store, "write", full)
    with pytest.raises(StoreError, match="disk is full"):
        import_state(tmp_path / "new" / "state.db", exported)
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.case("R2")
def test_an_export_over_a_readable_file_makes_it_private(exported: Path, tmp_path: Path) -> None:
    exported.write_text("old")
    exported.chmod(0o644)
    store = Store(tmp_path / "old.db")
    export_state(store, exported)
    store.close()
    assert exported.stat().st_mode & 0o777 == 0o600
    assert json.loads(exported.read_text())["version"] == len(MIGRATIONS)
