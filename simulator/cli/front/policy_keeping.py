"""Keeps the policies of a platform as the user's file is, for `serve` and `up`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.cli.printing import echo

if TYPE_CHECKING:
    from simulator.platform.platform import Platform
    from simulator.platform.policy_choice import PolicyChoice


def keep_policy(platform: Platform, choice: PolicyChoice, failed: Callable[[str, str], None]) -> None:
    """Use the file of the policy, if it has one, as it is at any time, and print what happens to a changed file.

    `failed` receives the failures of a version that acts, with the name of the service.
    """
    if choice.file is None:
        return
    from simulator.platform.policy_reload import PolicyReload  # noqa: PLC0415 few policies are the user's

    reload = PolicyReload(platform, choice, functools.partial(echo, err=True), failed)
    platform.tasks.spawn(reload.run(), "reload of the policy")
