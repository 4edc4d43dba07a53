"""The output files of a verb: checked before the work, written to temporary files, moved into place when complete.

So a missing folder is reported before hours of work, an existing file is kept until its replacement is complete, and no
output overwrites an input or another output.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, NoReturn, Self, TextIO

from simulator.cli.exit_codes import bad_input, broke, cannot
from simulator.cli.printing import echo
from simulator.world.replacement_files import ReplacementFile

STDOUT: Final = "-"
# The variable that names the summary file of a GitHub Actions step.
SUMMARY_VARIABLE: Final = "GITHUB_STEP_SUMMARY"


@dataclass(slots=True)
class _Output:
    option: str
    given: Path
    target: Path  # with symbolic links resolved
    new: ReplacementFile | None = None  # None for a device or a pipe, which cannot be replaced
    stream: TextIO | None = None

    @property
    def path(self) -> Path:
        """The path to write to."""
        return self.target if self.new is None else self.new.path


class Outputs:
    """A context manager for the work. `commit` moves every file into place; without it no new file remains.

    An unusable path is bad input; a later error, such as a full disk, is a failure of the run.
    """

    def __init__(self) -> None:
        self._outputs: list[_Output] = []
        self._taken: dict[object, str] = {}

    def protect(self, inputs: Iterable[Path], what: str = "an input") -> None:
        """Reject these files as outputs; `what` names them in the error."""
        for path in inputs:
            self._taken.setdefault(_identity(path), f"{what}, {path}")

    def claim(self, option: str, path: Path) -> None:
        """Reserve `path`, which `option` writes without this class, so that no other output can have it."""
        if _is_special(path):
            return
        taken = self._taken.get(_identity(path))
        if taken is not None:
            bad_input(f"{option} = {str(path)!r}, must be a file of its own: it is {taken}")
        self._taken[_identity(path)] = f"the output of {option}"

    def path(self, option: str, path: Path | None) -> Path | None:
        """Return the path to write to instead of `path`, for code that opens files by name; None for None."""
        return None if path is None else self._add(option, path).path

    def text(self, option: str, path: Path | None) -> TextIO | None:
        """Return a stream that replaces `path`; None for None."""
        if path is None:
            return None
        output = self._add(option, path)
        try:
            output.stream = output.path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            self._reject(output, error)
        return output.stream

    def text_or_stdout(self, option: str, path: Path | None) -> TextIO | None:
        return sys.stdout if path is not None and str(path) == STDOUT else self.text(option, path)

    def commit(self) -> None:
        """Complete all files, then move each into place.

        A file that cannot be written ends the command with a failure.
        """
        for step in (_complete, _put_in_place):  # complete all files before moving the first one
            for output in self._outputs:
                try:
                    step(output)
                except OSError as error:
                    lost(output.option, output.given, error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for output in self._outputs:
            with contextlib.suppress(OSError):
                if output.stream is not None:
                    output.stream.close()
            if output.new is not None:
                output.new.close()

    def _add(self, option: str, path: Path) -> _Output:
        self.claim(option, path)
        target = path.resolve()
        output = _Output(option, path, target)
        if not _is_special(path):
            try:
                if target.is_dir():
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
                output.new = ReplacementFile(target)
                if target.exists():
                    output.path.chmod(stat.S_IMODE(target.stat().st_mode))
            except OSError as error:
                self._reject(output, error)
        self._outputs.append(output)
        return output

    def _reject(self, output: _Output, error: OSError) -> NoReturn:
        if output.new is not None:
            output.new.close()
        cannot(error, f"{output.option} = {str(output.given)!r}, cannot be written: {error.strerror or error}")


def _complete(output: _Output) -> None:
    if output.stream is not None:
        output.stream.close()


def _put_in_place(output: _Output) -> None:
    if output.new is not None and output.new.path.exists():
        output.new.put_in_place()


@contextlib.contextmanager
def written(option: str, path: Path) -> Iterator[TextIO]:
    """Write one text file: completely, or not at all."""
    with Outputs() as outputs:
        stream = outputs.text(option, path)
        assert stream is not None
        try:
            yield stream
        except OSError as error:
            lost(option, path, error)
        outputs.commit()


def lost(option: str, path: Path, error: OSError) -> NoReturn:
    """Report that an output cannot be written, as a failure rather than as bad input."""
    broke(f"{option} = {str(path)!r}, could not be written: {error.strerror or error}")


def _identity(path: Path) -> object:
    """Return a value that is equal for all names of the same file."""
    try:
        found = path.stat()
    except OSError:
        return path.resolve()
    return found.st_dev, found.st_ino


def _is_special(path: Path) -> bool:
    """Return True for a device or a pipe, which has no content to preserve."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def summary_file() -> Path | None:
    """Return the summary file of a GitHub Actions step; None outside of one."""
    file = os.environ.get(SUMMARY_VARIABLE)  # noqa: TID251 cli is the reader of the environment
    return Path(file) if file else None


def summarize_step(markdown: str) -> None:
    """Append Markdown to the summary file of a GitHub Actions step, if there is one; a failure is only a note."""
    file = summary_file()
    if file is None:
        return
    try:
        with file.open("a", encoding="utf-8") as summary:
            summary.write(markdown)
    except OSError as error:
        echo(f"note: the summary of the step, {file}, cannot be written: {error.strerror}", err=True)
