"""`python -m simulator` and the console script: an interrupt ends the program quietly from the first moment on."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Final, Never

_INTERRUPTED: Final = 130  # 128 + SIGINT, as simulator.cli.exits has it, which is not imported yet


def main() -> None:
    """Set the handler before the imports, which take a good part of a second; the verb replaces it with its own."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a shell may have the signal ignored
        signal.signal(signal.SIGINT, _interrupted)
    from simulator.cli import main as program  # noqa: PLC0415 after the handler

    program()


def _interrupted(_number: int, _frame: FrameType | None) -> Never:
    """Within an import an exception can be swallowed or printed, and there is nothing to clear away."""
    os.write(2, b"interrupted\n")
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
