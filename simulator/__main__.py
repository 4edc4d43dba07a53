"""Entry point of `python -m simulator` and of the console script.

An interrupt during the start ends the program quietly.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Final, Never

_INTERRUPTED: Final = 130  # 128 + SIGINT, as in simulator.cli.exit_codes, which is not imported yet


def main() -> None:
    """Set the handler of interrupts before the imports, which take most of a second. The verb replaces it later."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a shell may have set the signal to be ignored
        signal.signal(signal.SIGINT, _interrupted)
    from simulator.cli import main as program  # noqa: PLC0415 after the handler

    program()


def _interrupted(_number: int, _frame: FrameType | None) -> Never:
    """Exit at once. During an import an exception can be swallowed or printed, and there is nothing to clean up."""
    os.write(2, b"interrupted\n")
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
