"""Values that name files, for a worker of another machine, which gets copies of the files.

The worker writes the copies below a folder of its own, each at the absolute path that it has on this machine, so that
names relative to each other stay right. While a value is pickled, the names of these files are marked, in paths and in
texts; while it is unpickled, they become the names of the copies. Answers go the other way, so that an error names the
file that the user gave.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

_MARK: Final = "\0"  # no file name has it, and no text of a scenario
_IS_WORD: Final = re.compile(r"[\w-]*")


@dataclass(frozen=True, slots=True)
class Shipment:
    """A pickled value, and the files that it names. `names`: the names of each file here; the last one is absolute."""

    key: str
    value: bytes
    names: tuple[tuple[str, ...], ...]
    contents: tuple[bytes, ...]

    @classmethod
    def of(cls, value: Any, files: Iterable[Path]) -> Shipment:
        """Return the shipment of a value. A folder among `files` is the files in it; a missing file is left out.

        Raises:
            OSError: if a file cannot be read.
        """
        found = {str(path.absolute()): path for each in files for path in _files_in(each)}
        names = tuple((str(path), absolute) for absolute, path in found.items())
        pickled = pack(value, names)
        contents = tuple(path.read_bytes() for path in found.values())
        digest = hashlib.sha256(pickled)
        for name, content in zip(names, contents, strict=True):
            digest.update(repr(name).encode() + hashlib.sha256(content).digest())
        return cls(digest.hexdigest(), pickled, names, contents)

    def written(self, folder: Path) -> Copies:
        """Write the files below `folder` and return what names them. Called on the worker."""
        copies = Copies(folder, self.names)
        for number, content in enumerate(self.contents):
            path = Path(copies.name(number))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return copies


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies of a shipment's files below a folder of the worker."""

    folder: Path
    names: tuple[tuple[str, ...], ...]

    def name(self, number: int) -> str:
        """Return the name of a copy."""
        absolute = PurePath(self.names[number][-1])
        return str(self.folder / absolute.relative_to(absolute.anchor))

    def opened(self, content: bytes) -> Any:
        """Return a value that `pack` pickled, with the names of the copies."""
        return _Unpickler(io.BytesIO(content), [self.name(number) for number in range(len(self.names))]).load()

    def answer(self, value: Any) -> bytes:
        """Return an answer, pickled, in which the names are those of the sender again."""
        back = {self.name(number): given for number, (given, *_) in enumerate(self.names)}
        folder = f"{self.folder}{os.sep}"

        def renamed(text: str) -> str | None:
            if folder not in text:
                return None
            for copy, given in back.items():
                text = text.replace(copy, given)
            return text.replace(folder, os.sep)

        return _dumps(value, renamed)


def pack(value: Any, names: tuple[tuple[str, ...], ...]) -> bytes:
    """Return a value, pickled, with marks for the names of files.

    An absolute name is marked wherever a text has it; a relative one only as a whole text, or before a colon, as in
    `FILE.py:CLASS`, and if it has a dot or a separator: a file may have the name of a service.
    """
    numbers: Mapping[str, int] = {name: number for number, each in enumerate(names) for name in each}
    absolute = sorted((each[-1] for each in names), key=len, reverse=True)  # a name may begin with a shorter one

    def marked(text: str) -> str | None:
        head, colon, rest = text.partition(":")
        if head in numbers and not PurePath(head).is_absolute() and not _IS_WORD.fullmatch(head):
            return f"{_MARK}{numbers[head]}{_MARK}{colon}{rest}"
        if not any(name in text for name in absolute):
            return None
        for name in absolute:
            text = text.replace(name, f"{_MARK}{numbers[name]}{_MARK}")
        return text

    return _dumps(value, marked)


def opened_answer(content: bytes) -> Any:
    """Return the value of `Copies.answer`."""
    return _Unpickler(io.BytesIO(content), ()).load()


def _files_in(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(each for each in path.rglob("*") if each.is_file())
    elif path.is_file():
        yield path


def _dumps(value: Any, renamed: Callable[[str], str | None]) -> bytes:
    content = io.BytesIO()
    _Pickler(content, renamed).dump(value)
    return content.getvalue()


class _Pickler(pickle.Pickler):
    """Pickles paths and texts for which `renamed` returns another text with that text."""

    def __init__(self, file: io.BytesIO, renamed: Callable[[str], str | None]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._renamed = renamed

    def persistent_id(self, obj: Any) -> tuple[str, str] | None:
        if type(obj) is str:
            text = self._renamed(obj)
            return None if text is None else ("text", text)
        if isinstance(obj, Path):
            text = self._renamed(str(obj))
            return None if text is None else ("path", text)
        return None


class _Unpickler(pickle.Unpickler):
    """Unpickles texts with the names of the copies in place of the marks."""

    def __init__(self, file: io.BytesIO, copies: Iterable[str]) -> None:
        super().__init__(file)
        self._copies = list(copies)

    def persistent_load(self, pid: Any) -> Any:
        kind, text = pid
        parts = text.split(_MARK)  # every second one is the number of a file
        parts[1::2] = [self._copies[int(number)] for number in parts[1::2]]
        whole = "".join(parts)
        return Path(whole) if kind == "path" else whole
