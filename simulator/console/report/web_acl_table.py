"""The report's table of a service's web ACL for a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from simulator.console.report.tables import new_table
from simulator.model.text.quantities import count_text
from simulator.report.web_acls import WebAclPart


def web_acl_table(acl: WebAclPart) -> Table:
    """Return what each rule did, over the whole run."""
    table = new_table(f"web ACL {acl.name} of {acl.service}", "action", "requests", numbers_from=2)
    for rule in acl.rules:
        table.add_row(Text(rule.rule), rule.action, count_text(rule.requests))
    return table
