"""Keeps the policies of a platform up to date with the user's file, for `serve` and `up`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from simulator.cli.printing import echo

if TYPE_CHECKING:
    from simulator.platform.platform import Platform, Service
    from simulator.platform.scaling.policy_choice import PolicyChoice
    from simulator.rules.policies.port import Policy


def keep_policy(
    platform: Platform,
    choice: PolicyChoice,
    failed: Callable[[str, str], None],
    follow: Callable[[Service, Policy], None] | None = None,
) -> None:
    """Use the current version of the policy's file, if it has one, and print the result after each change of the file.

    `failed` receives the failures of the version in use, with the name of the service. `follow`: as in `PolicyReload`.
    """
    if choice.file is None:
        return
    from simulator.platform.scaling.policy_reload import PolicyReload  # noqa: PLC0415 few policies are the user's

    reload = PolicyReload(platform, choice, functools.partial(echo, err=True), failed, follow)
    platform.tasks.spawn(reload.run(), "reload of the policy")


def begin_shadows(
    platform: Platform,
    choices: Sequence[PolicyChoice],
    tell: Callable[[str, str], None],
    failed: Callable[[str, str], None],
) -> None:
    """Evaluate shadow policies beside the policy in use. `tell`, `failed`: as in `LiveShadows`."""
    if not choices:
        return
    from simulator.platform.scaling.live_shadows import LiveShadows  # noqa: PLC0415 few platforms have shadows

    shadows = LiveShadows(platform, choices, tell, failed)
    for choice in choices:
        keep_policy(platform, choice, failed, shadows.follow)
