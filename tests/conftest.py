"""What every test shares: how Hypothesis searches, and that no run is kept.

The examples are derived from the test itself, so that a run is repeatable and a red build can be looked at. Searching
with fresh examples is `pytest --hypothesis-profile search`; what that finds becomes an `@example` or a test of its own.
"""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: the machines that run the tests are shared, and a slow example proves nothing.
settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("search", deadline=None, print_blob=True, max_examples=2000)
settings.load_profile("repeatable")

# Runs of tests do not replace the last run of who runs them.
os.environ["SIMULATOR_LAST_RUN"] = ""  # noqa: TID251 before any test, and for the processes that tests start
