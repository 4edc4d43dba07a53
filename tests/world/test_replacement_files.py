"""Files that replace others: completely or not at all, and nothing remains of a writer that was killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulator.world.private_files import write_private
from simulator.world.replacement_files import ReplacementFile

WRITER = """
import sys, threading
from pathlib import Path
from simulator.world.replacement_files import ReplacementFile

new = ReplacementFile(Path(sys.argv[1]))
new.path.write_text("half of it")
print(new.path.name, flush=True)
threading.Event().wait()
"""


@contextmanager
def writer(target: Path) -> Iterator[str]:
    """Run a process that has begun to write, and kill it in the end. Yield the name of its file."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(target)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_file_of_a_killed_writer_is_removed_and_that_of_a_running_one_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with writer(target) as living, writer(target) as killed:
        with ReplacementFile(target) as new:
            assert names(tmp_path) == {living, killed, new.path.name}
        assert names(tmp_path) == {living, killed}
    with writer(target) as living:
        assert names(tmp_path) == {living}, "the next writer has removed both"
        write_private(target, b"whole")
        assert names(tmp_path) == {living, "out.csv"}
    write_private(target, b"whole")
    assert names(tmp_path) == {"out.csv"}


def test_only_abandoned_replacements_of_this_target_are_removed(tmp_path: Path) -> None:
    others = {
        ".out2.0123abcd.new.csv",
        ".out.0123abcd.new.json",
        ".out.0123abcd.new",
        ".out.0123abcz.new.csv",
        ".out.0123abcd0.new.csv",
        "out.0123abcd.new.csv",
        "xout.0123abcd.new.csv",
    }
    for name in others:
        (tmp_path / name).write_text("x")
    (tmp_path / ".out.aaaaaaaa.new.csv").symlink_to("elsewhere")
    (tmp_path / ".out.bbbbbbbb.new.csv").mkdir()
    (tmp_path / ".out.0123abcd.new.csv").write_text("left over")
    kept = {*others, ".out.aaaaaaaa.new.csv", ".out.bbbbbbbb.new.csv"}
    with ReplacementFile(tmp_path / "out.csv") as new:
        assert names(tmp_path) == {*kept, new.path.name}
        new.put_in_place()
    assert names(tmp_path) == {*kept, "out.csv"}


def test_a_file_that_is_not_put_in_place_leaves_the_target_unchanged(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("yesterday")
    with pytest.raises(KeyboardInterrupt), ReplacementFile(target) as new:  # noqa: PT012
        new.path.write_text("half of it")
        raise KeyboardInterrupt
    assert names(tmp_path) == {"out.csv"}
    assert target.read_text() == "yesterday"


def test_a_private_file_is_private_from_its_first_byte(tmp_path: Path) -> None:
    new = ReplacementFile(tmp_path / "key.pem", 0o600)
    assert new.path.stat().st_mode & 0o777 == 0o600
    new.close()
    write_private(tmp_path / "key.pem", b"secret")
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
