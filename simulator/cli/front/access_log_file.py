"""The file of `--access-log`, for every verb that has a front."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.cli.exit_codes import bad_input
from simulator.cli.printing import echo

if TYPE_CHECKING:
    from simulator.cli.outputs import Outputs
    from simulator.platform.platform import Platform


def opened_log(
    path: Path | None, files: contextlib.ExitStack, outputs: Outputs | None = None, inputs: Iterable[Path] = ()
) -> io.RawIOBase | None:
    """Open the log unbuffered, since it buffers its lines itself; append as usual for logs. None for None.

    `inputs`: files that it must not be; `outputs`: the other outputs of the verb, if it has any.
    """
    if path is None:
        return None
    if outputs is None:
        from simulator.cli.outputs import Outputs  # noqa: PLC0415 few platforms have an access log

        outputs = Outputs()
    outputs.protect(inputs)
    outputs.claim("--access-log", path)
    try:
        return files.enter_context(path.open("ab", buffering=0))
    except OSError as error:
        bad_input(f"access-log = {str(path)!r}, cannot be written: {error.strerror}")


def tell_losses(platform: Platform) -> None:
    """Print how many lines of the access log are missing, if any, and why."""
    log = platform.front.access_log if platform.front is not None else None
    if log is not None and log.dropped:
        echo(f"access log: {log.dropped} lines are missing: {log.error or 'the disk was too slow'}", err=True)
