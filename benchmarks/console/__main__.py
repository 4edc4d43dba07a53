"""Measures the console: `python -m benchmarks.console`.

1,000 simulated instances at 5,000 requests/s in virtual time at 1x. The same run has three phases in one process: no
page, one page in a headless browser, no page again. Prints, as shares of a core, the CPU time of the run (which
continues in all phases), of preparing frames on its thread, and of the web server's thread; and the frames per second
that the page drew. Preparing and serving are the cost of a page: the difference between the phases of the whole run is
smaller than the noise of a shared machine. The browser has no GPU and runs on the same cores.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partialmethod
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
from playwright.sync_api import Page, sync_playwright

from simulator.console.live.snapshot_publisher import SnapshotPublisher
from simulator.world.clock import wall_s
from tests.console.watched import Watched, scenario_of, watched

SCENARIO = """
duration: 10h
services:
  web:
    max_concurrency: 10
    min_size: 1
    max_size: {instances}
    policy: {{name: fixed, instances: {instances}}}
    application: {{simulated: {{start_up: 0s, io: {{exponential: 200ms}}}}}}
traffic:
  - {{poisson: {{rate: {rate}/s}}}}
"""


@dataclass
class Making:
    """Measures the CPU time that the run's thread spends on frames. It wraps `publish_due` of the publisher."""

    publish_due: Callable[[SnapshotPublisher], float]
    spent_s: float = 0.0

    def around(self, publisher: SnapshotPublisher) -> float:
        begin_s = time.thread_time()
        wait_s = self.publish_due(publisher)
        self.spent_s += time.thread_time() - begin_s
        return wait_s


def cpu_s() -> dict[int, float]:
    """CPU seconds of this process by thread."""
    return {thread.id: thread.user_time + thread.system_time for thread in psutil.Process().threads()}


def measured(case: Watched, making: Making, seconds: float, page: Page | None) -> dict[str, float]:
    """Return shares of a core during a phase, and the frames per second of the page."""
    frames = page.evaluate("consolePage.picture.frames") if page else 0
    before, making_s, begin_s = cpu_s(), making.spent_s, wall_s()
    if page is None:
        threading.Event().wait(seconds)
    else:
        page.wait_for_timeout(seconds * 1000)
    span_s = wall_s() - begin_s
    after = cpu_s()
    server = case.console.thread_id or 0
    drawn = (page.evaluate("consolePage.picture.frames") - frames) / span_s if page else 0.0
    spent = {thread: (after[thread] - before.get(thread, 0.0)) / span_s for thread in after}
    return {
        "run": round(max(share for thread, share in spent.items() if thread != server), 4),
        "making frames": round((making.spent_s - making_s) / span_s, 4),
        "server thread": round(spent[server], 4),
        "frames per second": round(drawn, 1),
    }


def phases(case: Watched, making: Making, seconds: float) -> dict[str, Any]:
    """Measure without a page, with one, and without one again. A first page starts the run."""
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        browser.new_page().goto(case.console.url)
        browser.close()
        threading.Event().wait(3)
        found: dict[str, Any] = {"no page": measured(case, making, seconds, None)}
        browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(case.console.url)
        page.wait_for_timeout(4000)
        found["a page"] = measured(case, making, seconds, page)
        found["instances"] = page.evaluate("consolePage.feed.state.frame.services.web.instances.n.length")
        found["requests per second"] = page.evaluate("consolePage.feed.state.frame.services.web.offered_rps")
        browser.close()
        threading.Event().wait(2)
        found["no page again"] = measured(case, making, seconds, None)
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--instances", type=int, default=1000)
    options.add_argument("--rate", type=int, default=5000)
    options.add_argument("--seconds", type=float, default=15.0)
    chosen = options.parse_args()
    text = SCENARIO.format(instances=chosen.instances, rate=chosen.rate)
    making = Making(SnapshotPublisher.publish_due)
    patched = patch.object(SnapshotPublisher, "publish_due", partialmethod(making.around))
    with patched, tempfile.TemporaryDirectory() as folder, watched(scenario_of(text, Path(folder))) as case:
        found = phases(case, making, chosen.seconds)
    json.dump(found, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
