""".dockerignore, compared with the examples and rules of Docker's documentation."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from simulator.builds.dockerfile.build_context import fingerprint, pack
from simulator.builds.dockerfile.dockerignore import Ignore


@pytest.mark.parametrize(
    ("patterns", "left_out", "kept"),
    [
        ("*/temp*", "somedir/temporary.txt somedir/temp", "temporary.txt a/b/temp"),
        ("*/*/temp*", "somedir/subdir/temporary.txt", "somedir/temporary.txt"),
        ("temp?", "tempa tempb", "temp tempab a/tempa"),
        ("**/*.go", "main.go a/main.go a/b/c.go", "main.gop"),
        ("docs/**", "docs/a docs/b/c", "docs other/docs/a"),
        ("a/**/b", "a/b a/x/b a/x/y/b a/x/b/below", "b a/xb"),
        ("node_modules", "node_modules node_modules/x/y.js", "a/node_modules/x my_node_modules"),
        ("**/node_modules", "node_modules/x a/b/node_modules/x", "node_modulesx"),
        ("/secret.txt", "secret.txt", "a/secret.txt"),
        ("./a/../b/", "b b/c", "a/b"),
        ("*.md\n!README.md", "a.md b.md", "README.md"),
        ("*.md\n!README*.md\nREADME-secret.md", "a.md README-secret.md", "README.md README-no.md"),
        ("*.md\nREADME-secret.md\n!README*.md", "a.md", "README-secret.md"),
        ("*\n!src\nsrc/*.log", "a src/x.log", "src/a src/b/x.log"),
        ("# *.py\n\n  \n  spaced  \n!", "spaced", "a.py #"),
        ("[a-c].txt\n[^x]y", "a.txt c.txt zy", "d.txt xy /y"),
        (r"\*.txt", "*.txt", "a.txt"),
        (".", "", "a"),
    ],
)
def test_a_pattern_excludes_the_paths_that_docker_excludes(patterns: str, left_out: str, kept: str) -> None:
    ignore = Ignore.of_text(patterns)
    assert [path for path in (left_out + " " + kept).split() if ignore.leaves_out(path)] == left_out.split()


def test_an_invalid_pattern_is_reported_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"^\.dockerignore:2 = \[a, must be a pattern such as"):
        Ignore.of_text("ok\n[a\n")


def packed(folder: Path, **bounds: int) -> dict[str, tarfile.TarInfo]:
    file = io.BytesIO()
    pack(folder, file, **{"file_bytes_max": 1000, "bytes_max": 5000, **bounds})
    file.seek(0)
    with tarfile.open(fileobj=file) as tar:
        return {member.name: member for member in tar.getmembers()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("Dockerfile", "a.log", "src/main.py", "src/a.log", "node_modules/x/index.js", "docs/a", "docs/keep"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, encoding="utf-8")
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "src" / "main.py").chmod(0o755)
    (tmp_path / ".dockerignore").write_text("**/*.log\nnode_modules\nDockerfile\ndocs\n!docs/keep\n", encoding="utf-8")
    return tmp_path


def test_the_first_header_of_the_context_is_plain(folder: Path) -> None:
    """BuildKit reads only this header to recognize an archive."""
    (folder / "  \u00e4").write_text("sorts first, and has an extended header", encoding="utf-8")
    os.utime(folder / "Dockerfile", (1.5, 1.5))
    file = io.BytesIO()
    pack(folder, file, file_bytes_max=1000, bytes_max=5000)
    head = file.getvalue()[:512]
    assert head.startswith(b"Dockerfile\0")
    assert head[257:262] == b"ustar"


def test_the_context_has_every_file_not_excluded_with_modes_and_links_owned_by_root(folder: Path) -> None:
    found = packed(folder)
    assert list(found) == ["Dockerfile", ".dockerignore", "docs/keep", "link", "src", "src/main.py"]
    assert (found["src/main.py"].mode, found["src/main.py"].uid) == (0o755, 0)
    assert (found["link"].issym(), found["link"].linkname) == (True, "/etc/passwd")


def test_a_context_that_is_too_large_is_rejected_with_a_hint(folder: Path) -> None:
    (folder / "src" / "main.py").write_bytes(bytes(99))
    with pytest.raises(ValueError, match=r"^src/main.py = 99 bytes, must be at most 50; or name it in .dockerignore"):
        packed(folder, file_bytes_max=50)
    with pytest.raises(ValueError, match=r"^the build's context = \d+ bytes, must be at most 40; "):
        packed(folder, bytes_max=40, file_bytes_max=100)


def test_a_change_outside_the_context_keeps_its_digest(folder: Path) -> None:
    before = fingerprint(folder)
    (folder / "node_modules" / "x" / "new.js").write_text("", encoding="utf-8")
    (folder / "b.log").write_text("", encoding="utf-8")
    assert fingerprint(folder) == before
    (folder / "src" / "main.py").write_text("more", encoding="utf-8")
    assert fingerprint(folder) != before
    (folder / ".dockerignore").write_text("[", encoding="utf-8")
    assert fingerprint(folder) == ""
