"""Pages of other sites in a real browser: one whose name was made to resolve to this machine, and an ordinary one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.cli.platform.test_serve import serving
from tests.live.browser import chromium_or_skip

pytestmark = [pytest.mark.slow, pytest.mark.case("R1")]

ATTACKER = "attacker.example"
CALL = """async (url) => {
  const call = async (what, options) => {
    try {
      const answer = await fetch(url + what, options);
      return [answer.status, await answer.text()];
    } catch (error) { return [0, String(error)]; }
  };
  const fields = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AppRunner.CreateConnection"};
  return [
    await call("/", {method: "POST", headers: fields, body: '{"ConnectionName": "fromweb", "ProviderType": "GITHUB"}'}),
    await call("/metrics", {}),
    await call("/", {method: "POST", mode: "no-cors", headers: {"Content-Type": "text/plain"}, body: "{}"}),
  ];
}"""


def port_of(url: str) -> int:
    found = re.search(r":(\d+)", url.partition("//")[2])
    assert found is not None
    return int(found[1])


def test_no_page_of_another_site_changes_or_reads_anything(tmp_path: Path) -> None:
    executable = chromium_or_skip()
    with serving(tmp_path / "state", "--metrics-port", "0") as served, sync_playwright() as tool:
        api, process = port_of(served.url), served.process
        assert process.stdout is not None
        while "/metrics" not in served.lines[-1]:
            served.lines.append(process.stdout.readline())
            assert served.lines[-1], "it ended"
        metrics = port_of(served.lines[-1])
        rebinding = f"--host-resolver-rules=MAP {ATTACKER} 127.0.0.1"
        # Chromium's own protection of local networks is newer than many browsers, and asks the user: it is turned off
        # here.
        unguarded = "--disable-features=LocalNetworkAccessChecks"
        browser = tool.chromium.launch(executable_path=executable, args=["--no-sandbox", rebinding, unguarded])
        try:
            page = browser.new_page()
            page.route("**/page", lambda route: route.fulfill(content_type="text/html", body="<p>a page"))
            for port in (api, metrics):
                # The page's own name now resolves to this machine, so the page may read the responses.
                page.goto(f"http://{ATTACKER}:{port}/page")
                told = page.evaluate(CALL, f"http://{ATTACKER}:{port}")
                assert [status for status, _ in told[:2]] == [403, 403], told
                assert all("must be a name of this listener" in text for _, text in told[:2])
                # A page of another port of this machine sends its own origin, and may read nothing.
                page.goto(f"http://127.0.0.1:{port + 1 if port + 1 not in (api, metrics) else port + 2}/page")
                told = page.evaluate(CALL, f"http://127.0.0.1:{port}")
                assert [status for status, _ in told] == [0, 0, 0]
        finally:
            browser.close()
        assert served.client.list_connections()["ConnectionSummaryList"] == []
