"""The table of a web ACL's rules."""

from __future__ import annotations

import io

from rich.console import Console

from simulator.console.report.web_acl_table import web_acl_table
from simulator.report.web_acls import RulePart, WebAclPart

PART = WebAclPart(
    service="shop",
    name="public",
    blocked=800,
    blocked_ratio=0.8,
    blocked_by={"too-many": 800},
    rules=[
        RulePart(rule="too-many", action="block", requests=1800),
        RulePart(rule="common/geo", action="not evaluated", requests=200),
    ],
)


def test_each_rule_has_a_row_with_what_it_did() -> None:
    file = io.StringIO()
    Console(file=file, width=80).print(web_acl_table(PART))
    lines = [line.split() for line in file.getvalue().splitlines() if line.strip()]
    assert lines[0] == ["web", "ACL", "public", "of", "shop", "action", "requests"]
    assert lines[2:] == [["too-many", "block", "1,800"], ["common/geo", "not", "evaluated", "200"]]
