"""What every test shares: how Hypothesis searches, how many processes there are, and that no run is kept.

The examples are derived from the test itself, so that a run is repeatable and a red build can be looked at. A quarter
of them is tried, all with `CI_ALL_EXAMPLES=1`, as in CI. Searching with fresh examples is
`pytest --hypothesis-profile search`; what that finds becomes an `@example` or a test of its own. A test that needs
another number takes a share of the profile's, `settings().max_examples`.
"""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: the machines that run the tests are shared, and a slow example proves nothing.
settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True, max_examples=100)
settings.register_profile("quick", settings.get_profile("repeatable"), max_examples=25)
settings.register_profile("search", deadline=None, print_blob=True, max_examples=2000)
ALL = os.environ.get("CI_ALL_EXAMPLES") == "1"  # noqa: TID251 said to the tests, not to the simulator
settings.load_profile("repeatable" if ALL else "quick")

# Runs of tests do not replace the last run of who runs them.
os.environ["SIMULATOR_LAST_RUN"] = ""  # noqa: TID251 before any test, and for the processes that tests start


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: plain tests wait for a third of their time, for sockets and processes."""
    return len(os.sched_getaffinity(0)) + 1
