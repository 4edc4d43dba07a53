"""Every write fails once: either the old or the new file is complete, no other file is left, and the exit code is 3."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner, Result

from simulator.cli import app
from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.store import Store
from simulator.wire.ca import CertificateAuthority
from simulator.world.clock import utc_now
from tests.failing_disk import FailingDisk, files_up_to

pytestmark = pytest.mark.case("R26")

RUN = CliRunner()
SCENARIO = """
duration: 2s
services: {web: {application: {simulated: {io: 50ms}}}}
traffic: [{name: rec, poisson: {rate: 5/s}}]
"""
OUTPUTS = {"--json": "a.json", "--html": "a.html", "--requests": "a.csv", "--metrics": "a.txt"}
OLD = "yesterday"
CALLS_MAX = 200  # this test does not reach all calls of a verb that makes more


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def judge(done: Result, what: object) -> None:
    assert done.exit_code == 3, (what, done.output)
    assert len(done.stderr.splitlines()) == 1, (what, done.stderr)


def each_failure(
    folder: Path, prepare: Callable[[], None], command: list[str], check: Callable[[object], None], *, stays: bool
) -> int:
    """Run `command` with its first call failing, then its second, until none fails. Return the number of calls."""
    for number in range(1, CALLS_MAX):
        prepare()
        with FailingDisk(folder, number, errno.ENOSPC, stays=stays)() as disk:
            done = RUN.invoke(app, command)
        if not disk.has_failed:
            assert done.exit_code == 0, done.output
            return number - 1
        judge(done, (number, disk.calls))
        check((number, disk.calls))
    raise AssertionError(f"more than {CALLS_MAX} calls")


@pytest.mark.parametrize("stays", [False, True])
def test_a_full_disk_fails_the_outputs_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stays: bool) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    out = tmp_path / "out"
    out.mkdir()
    command = [
        "run",
        "-q",
        "scenario.yaml",
        *(part for option, name in OUTPUTS.items() for part in (option, f"out/{name}")),
    ]
    assert RUN.invoke(app, command).exit_code == 0
    new = contents(out)

    def prepare() -> None:
        for name in OUTPUTS.values():
            (out / name).write_text(OLD)

    def check(what: object) -> None:
        found = contents(out)
        assert set(found) == set(OUTPUTS.values()), what
        for name, content in found.items():
            assert content in {OLD.encode(), new[name]}, (what, name)

    assert each_failure(out, prepare, command, check, stays=stays) >= 3 * len(OUTPUTS)
    assert contents(out) == new


def state_with_resources(folder: Path) -> Path:
    folder.mkdir()
    with contextlib.closing(Store(folder / "control.sqlite")) as store:
        store.write(meta={"seed": "7", "number": "3"})
    return folder


@pytest.mark.parametrize("stays", [False, True])
def test_a_full_disk_fails_an_export_of_a_state(tmp_path: Path, stays: bool) -> None:
    state, out = state_with_resources(tmp_path / "state"), tmp_path / "out"
    out.mkdir()
    command = ["state", "export", str(out / "a.json"), "--state", str(state)]
    assert RUN.invoke(app, command).exit_code == 0
    new = contents(out)

    def prepare() -> None:
        (out / "a.json").write_text(OLD)

    def check(what: object) -> None:
        assert contents(out) in ({"a.json": OLD.encode()}, new), what

    assert each_failure(tmp_path, prepare, command, check, stays=stays) >= 4
    assert contents(out) == new


@pytest.mark.parametrize("stays", [False, True])
def test_a_full_disk_fails_an_import_of_a_state(tmp_path: Path, stays: bool) -> None:
    exported = tmp_path / "a.json"
    state = state_with_resources(tmp_path / "old")
    assert RUN.invoke(app, ["state", "export", str(exported), "--state", str(state)]).exit_code == 0
    made = tmp_path / "made"

    def prepare() -> None:
        shutil.rmtree(made, ignore_errors=True)

    def check(what: object) -> None:
        assert set(contents(made)) <= {"lock"}, what
        again = RUN.invoke(app, ["state", "import", str(exported), "--state", str(made)])
        assert again.exit_code == 0, (what, again.output)

    command = ["state", "import", str(exported), "--state", str(made)]
    assert each_failure(made, prepare, command, check, stays=stays) >= 10
    with contextlib.closing(Store(made / "control.sqlite")) as store:
        assert store.meta() == {"seed": "7", "number": "3"}


@pytest.mark.parametrize("stays", [False, True])
def test_a_full_disk_fails_the_creation_of_the_authority(tmp_path: Path, stays: bool) -> None:
    state = tmp_path / "state"

    def prepare() -> None:
        shutil.rmtree(state, ignore_errors=True)

    def check(what: object) -> None:
        files = {name.rpartition("/")[2] for name in contents(state)}
        assert files <= {"authority.pem", "root.pem"}, what
        assert RUN.invoke(app, ["ca", "--state", str(state)]).exit_code == 0, what
        assert_whole(state / "ca")

    assert each_failure(state, prepare, ["ca", "--state", str(state)], check, stays=stays) >= 8


def assert_whole(folder: Path) -> None:
    authority = (folder / "authority.pem").read_text()
    assert authority.endswith((folder / "root.pem").read_text())
    assert authority.startswith("-----BEGIN PRIVATE KEY-----")


def test_a_full_disk_fails_a_certificate_of_a_new_name(tmp_path: Path) -> None:
    now = utc_now()
    for number in range(1, CALLS_MAX):
        folder = tmp_path / str(number)
        authority = CertificateAuthority(folder, now)
        first = authority.leaf("example.com", now)
        disk = FailingDisk(tmp_path, number)
        with disk(), contextlib.suppress(OSError):
            authority.leaf("example.org", now)
            assert not disk.has_failed
        # A client that trusts the existing certificate continues to work, and the next attempt succeeds.
        trusted = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
        x509.load_pem_x509_certificate(first.read_bytes()).verify_directly_issued_by(trusted)
        assert not authority.is_due(authority.leaf("example.org", now).stem, now)
        assert_whole(folder)
        names = {path.name for path in (folder / "leaves").iterdir()}
        assert names == {"example.com.pem", "example.org.pem"}
        if not disk.has_failed:
            break
    assert number > 5


@pytest.mark.parametrize("stays", [False, True])
def test_a_full_disk_fails_a_write_of_the_store(tmp_path: Path, stays: bool) -> None:
    def write(store: Store, text: str) -> None:
        store.write(
            puts=[("service", "a", text)],
            removals=[("service", text)],
            entries=[LogEntry(EntryKind.AUDIT, 1.0, "s", "a", "x", text)],
            meta={"seed": text},
        )

    def found(store: Store) -> tuple[object, ...]:
        return store.documents(), store.meta(), [each.text for each in store.entries_after(0)]

    for number in range(1, CALLS_MAX):
        disk = FailingDisk(tmp_path, 0, stays=stays)
        with disk(), contextlib.closing(Store(tmp_path / f"{number}.db")) as store:
            write(store, "1")
            before = found(store)
            disk.fail_from_now(number)
            is_written = False
            with contextlib.suppress(sqlite3.Error):
                write(store, "2")
                is_written = True
            failed = disk.has_failed
            disk.fail_from_now(0)
            if not is_written:
                assert found(store) == before
                write(store, "2")
            assert found(store) == ([("service", "a", "2")], {"seed": "2"}, ["1", "2"])
        if not failed:
            break
    assert number > 5


def test_a_full_disk_fails_a_copy_of_the_scenarios_and_a_template(tmp_path: Path) -> None:
    place = tmp_path / "copied"
    template = tmp_path / "my.py"
    for number in (1, 2, 3):
        for command in (["scenarios", "--copy-to", str(place)], ["policies", "template", str(template)]):
            with FailingDisk(tmp_path, number, errno.ENOSPC)() as disk:
                done = RUN.invoke(app, command)
            assert disk.has_failed, command
            judge(done, (command, disk.calls))
            assert contents(tmp_path) == {}


KIB = 1024
LIMITS = [0, 1, *(4 * KIB * count for count in (1, 2, 3, 4, 6, 8, 12, 16, 24))]


def test_a_disk_full_at_any_size_leaves_no_broken_state(tmp_path: Path) -> None:
    """The error comes from the kernel, so SQLite's writes get it too."""
    exported = tmp_path / "a.json"
    state = state_with_resources(tmp_path / "old")
    assert RUN.invoke(app, ["state", "export", str(exported), "--state", str(state)]).exit_code == 0
    failed = 0
    for size in LIMITS:
        made = tmp_path / str(size)
        with files_up_to(size):
            done = RUN.invoke(app, ["state", "import", str(exported), "--state", str(made)])
        if done.exit_code:
            failed += 1
            judge(done, size)
            assert set(contents(made)) <= {"lock"}, size
    assert 3 < failed < len(LIMITS)
