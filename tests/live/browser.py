"""A browser for tests of the console: Debian's chromium in headless mode, which may connect to loopback only."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import ConsoleMessage, Error, Page, Request, sync_playwright

DESKTOP = (1440, 1000)
PHONE = (390, 844)
PATIENCE_MS = 30_000
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"


@dataclass
class Seen:
    """Error messages of a page, and its requests to other machines."""

    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._told)
        page.on("pageerror", self._broke)
        page.on("request", self._asked)

    def _told(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _broke(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "file://", "data:")):
            self.outside.append(request.url)

    def nothing_wrong(self) -> None:
        assert self.complaints == []
        assert self.outside == []


def chromium_or_skip() -> str:
    """Return the path of chromium.

    If it is missing, skip the test, or fail it if CI_ENGINE_REQUIRED is set (as in CI).
    """
    found = shutil.which("chromium")
    if found is not None:
        return found
    if os.environ.get("CI_ENGINE_REQUIRED"):  # noqa: TID251 the tests' own door
        pytest.fail("there is no chromium, and CI_ENGINE_REQUIRED is set")
    pytest.skip("there is no chromium here")


@contextlib.contextmanager
def opened_page(
    url: str, size: tuple[int, int] = DESKTOP, colours: str = "light", *, offline: bool = False, moving: bool = False
) -> Iterator[tuple[Page, Seen]]:
    """Open a page; yield the page and what was observed. At the end the test fails if there was any error.

    `moving`: dots move, for which a browser without a GPU uses a whole core; by default the page is shown as for users
    who ask their system for reduced motion.
    """
    with sync_playwright() as tool:
        # chromium's sandbox does not work for root in a container; only pages of the simulator are loaded.
        browser = tool.chromium.launch(executable_path=chromium_or_skip(), args=["--no-sandbox"])
        scheme: Any = colours
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            offline=offline,
            reduced_motion="no-preference" if moving else "reduce",
        )
        page, seen = context.new_page(), Seen()
        page.set_default_timeout(PATIENCE_MS)
        seen.watch(page)
        try:
            page.goto(url)
            yield page, seen
            seen.nothing_wrong()
        finally:
            browser.close()


def faults(page: Page) -> list[str]:
    """Return what axe-core finds: its rules by impact."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    violations: list[dict[str, Any]] = page.evaluate("axe.run().then((result) => result.violations)")
    return [f"{one['impact']}: {one['id']}: {[node['target'] for node in one['nodes']]}" for one in violations]


def _evaluated(page: Page, script: str, value: Any) -> Any:
    """Return the value of the expression; False if it names what the page has not defined."""
    try:
        return page.evaluate(script, value)
    except Error as error:
        if "ReferenceError" not in error.message:
            raise
        return False


def until(page: Page, script: str, value: Any = None, *, tell: str = "#state") -> None:
    """Wait until the expression, or the function of `value`, is true in the page.

    It is evaluated from outside: the page's own policy forbids the evaluation that the tool's `wait_for_function` does
    inside. A name that the page's script has not defined yet is not true.
    """
    end_s = time.monotonic() + PATIENCE_MS / 1000  # noqa: TID251 the tests' own door
    while not _evaluated(page, script, value):
        assert time.monotonic() < end_s, f"not true: {script}: {page.inner_text(tell)}"  # noqa: TID251
        page.wait_for_timeout(20)
