"""The files of access logs, for every verb that has a front."""

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
    path: Path | None,
    files: contextlib.ExitStack,
    outputs: Outputs | None = None,
    inputs: Iterable[Path] = (),
    option: str = "--access-log",
) -> io.RawIOBase | None:
    """Open an access log for appending; return None if `path` is None.

    It is unbuffered, because the log buffers its lines.

    `inputs`: files that it must not be. `outputs`: the other outputs of the verb, if it has any. `option`: the option
    or key that gave the file.
    """
    if path is None:
        return None
    if outputs is None:
        from simulator.cli.outputs import Outputs  # noqa: PLC0415 few platforms have an access log

        outputs = Outputs()
    outputs.protect(inputs)
    outputs.claim(option, path)
    try:
        file = files.enter_context(path.open("ab", buffering=0))
    except OSError as error:
        bad_input(f"{option.lstrip('-')} = {str(path)!r}, cannot be written: {error.strerror}")
    outputs.protect([path], f"the output of {option}")  # with the identity that the file has since it was created
    return file


def tell_losses(platform: Platform) -> None:
    """Print the number of lines that are missing in the access log or WAF's log, if any, and the reason."""
    front = platform.front
    for log in (*front.access_logs, front.waf_log) if front is not None else ():
        if log is not None and log.dropped:
            kind = "WAF log" if front is not None and log is front.waf_log else "access log"
            echo(f"{kind}: {log.dropped} lines are missing: {log.error or 'the disk was too slow'}", err=True)
