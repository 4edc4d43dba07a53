"""What is said of a run that broke, the same by every verb that plays one."""

from __future__ import annotations

from typing import NoReturn

from simulator.cli.exits import broke, details_of
from simulator.replay.runner import BrokenRun


def run_broke(error: BrokenRun) -> NoReturn:
    """Ends the command. The place is told where the message is not enough."""
    details = "" if error.expected else details_of(error.__cause__ or error)
    broke(f"an internal error stopped the run: {error}{details}")
