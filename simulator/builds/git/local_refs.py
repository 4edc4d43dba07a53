"""The files of a local clone that change with its branches, so that a push is detected quickly with a few stat calls.

They follow git's own layout (gitrepository-layout): a loose reference, the packed references, or the tables of a
reftable. A change of these files only decides when to run git.
"""

from __future__ import annotations

from pathlib import Path

Seen = tuple[tuple[int, int, int] | None, ...]


def reference_files(place: str, branch: str) -> tuple[Path, ...]:
    """Return the reference files of the clone at `place`; empty if that is a URL or not a clone."""
    folder = _git_folder(Path(place))
    if folder is None:
        return ()
    return folder / "refs" / "heads" / branch, folder / "packed-refs", folder / "reftable" / "tables.list"


def seen(files: tuple[Path, ...]) -> Seen:
    """Return a value that changes when one of the files is written. Git replaces files, so it includes the inodes."""
    return tuple(map(_state, files))


def _git_folder(place: Path) -> Path | None:
    """Return the folder of the references of a bare clone, a clone with a working tree, or a linked working tree."""
    try:
        inside = place / ".git"
        if inside.is_file():
            own = place / inside.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
            shared = own / "commondir"
            return own / shared.read_text(encoding="utf-8").strip() if shared.is_file() else own
        for folder in (inside, place):
            if (folder / "HEAD").is_file():
                return folder
    except (OSError, ValueError):
        pass
    return None


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        about = file.stat()
    except (OSError, ValueError):
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino
