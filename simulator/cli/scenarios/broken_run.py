"""The message for a run that an internal error stopped, the same for every verb that runs scenarios."""

from __future__ import annotations

from typing import NoReturn

from simulator.cli.exit_codes import broke, details_of
from simulator.replay.runner import BrokenRun


def run_broke(error: BrokenRun) -> NoReturn:
    """End the command. Adds the source location if the message is not enough."""
    details = "" if error.expected else details_of(error.__cause__ or error)
    broke(f"an internal error stopped the run: {error}{details}")
