"""Whether another user of the machine may run the tests' interpreter."""

from __future__ import annotations

import pwd
import subprocess

import pytest


def may_execute(user: str, program: str) -> bool:
    """Return whether the user may execute the program: an interpreter can be in a closed home directory."""
    about = pwd.getpwnam(user)
    try:
        done = subprocess.run(
            [program, "-c", ""], user=about.pw_uid, group=about.pw_gid, extra_groups=[], timeout=60, check=False
        )
    except PermissionError:
        return False
    return done.returncode == 0


def skip_unless_executable(user: str, program: str) -> None:
    """Skip the test if the user may not execute the program."""
    if not may_execute(user, program):
        pytest.skip(f"{user} may not execute {program}, which is in a closed home directory")
