"""Render the pictures of README and documentation: `python docs/images/pictures.py`, with chromium on the PATH.

`console.png` is the live console and `report.png` the HTML report, both of the shipped scenario flash-sale in virtual
time with its own seed, so that they change only if the pages change.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

FOLDER: Final = Path(__file__).parent
ROOT: Final = FOLDER.parent.parent
SCENARIO: Final = "flash-sale"
SIZE: Final = (1280, 800)
# The sale has filled the first instances, requests are rejected, and new instances start.
MOMENT_S: Final = 365
SPEED: Final = 20
PATIENCE_S: Final = 120
SIMULATOR: Final = (sys.executable, "-u", "-m", "simulator")


def main() -> None:
    with _browser() as page:
        _console(page)
        _report(page)


@contextmanager
def _browser() -> Iterator[Page]:
    program = shutil.which("chromium")
    if program is None:
        sys.exit("error: chromium is not on the PATH")
    with sync_playwright() as tool:
        # chromium's sandbox does not work for root in a container; only pages of the simulator are loaded.
        browser = tool.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="light")
        try:
            yield context.new_page()
        finally:
            browser.close()


def _console(page: Page) -> None:
    command = [*SIMULATOR, "run", SCENARIO, "--quiet", "--console", "--console-port", "0", "--speed", str(SPEED)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout is not None
        try:
            url = next(found[1] for line in run.stdout if (found := re.match(r"console at (\S+)", line)))
            page.goto(url)
            _until(page, f"consolePage.feed.state.frame?.t >= {MOMENT_S}")
            page.screenshot(path=FOLDER / "console.png")
        finally:
            run.terminate()


def _report(page: Page) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.html"
        # Exit code 1 (a check failed) is accepted: the report is written in this case too.
        done = subprocess.run([*SIMULATOR, "run", SCENARIO, "--quiet", "--html", str(file)], cwd=ROOT, check=False)
        assert done.returncode in {0, 1}, done.returncode
        page.goto(file.as_uri())
        page.wait_for_timeout(1000)  # charts are drawn after the layout
        page.screenshot(path=FOLDER / "report.png")


def _until(page: Page, script: str) -> None:
    """Wait until the expression is true in the page, whose policy forbids `wait_for_function`."""
    for _ in range(PATIENCE_S * 10):
        if page.evaluate(script):
            return
        page.wait_for_timeout(100)
    sys.exit(f"error: after {PATIENCE_S} s not true in the page: {script}")


if __name__ == "__main__":
    main()
