"""The version of the code: another source is another version."""

from __future__ import annotations

from pathlib import Path

import simulator
from simulator.lab.workers.code_version import code_version, files_digest, source_digest


def test_the_version_has_the_release_and_the_digest_of_the_source() -> None:
    release, _, digest = code_version().partition("+")
    assert release == simulator.__version__
    assert digest == source_digest(Path(simulator.__file__).parent)


def test_the_digest_changes_with_the_content_and_the_names_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    first = source_digest(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_bytes(b"compiled")
    assert source_digest(tmp_path) == first
    (tmp_path / "a.py").write_text("x = 2\n")
    second = source_digest(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({first, second, source_digest(tmp_path)}) == 3


def test_the_digest_of_files_depends_on_their_contents_only(tmp_path: Path) -> None:
    for name, text in (("a", "1"), ("b", "2"), ("c", "1")):
        (tmp_path / name).write_text(text)
    a, b, c = (files_digest([tmp_path / name]) for name in "abc")
    assert a == c != b
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").write_text("1")
    assert files_digest([tmp_path / "folder"]) == a
