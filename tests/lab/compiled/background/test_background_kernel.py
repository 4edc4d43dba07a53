from __future__ import annotations

import os
import subprocess
import sys


def test_instances_with_background_work_serve_as_in_a_run() -> None:
    """The rules run as plain Python, so that nothing is compiled."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.lab.compiled.background.background_plays"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},  # noqa: TID251 what a child process inherits
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 applications agree" in done.stdout
