"""The part about a web ACL, from counts that are given."""

from __future__ import annotations

from simulator.records.request_stats import RequestStats
from simulator.report.web_acls import web_acl_part

RULES = ("rate", "SQLi/body", "Default_Action")


def stats(blocked: dict[int, int], requests: int) -> RequestStats:
    made = RequestStats()
    made.statuses.update({200: requests - sum(blocked.values()), 403: sum(blocked.values())})
    made.blocked.update(blocked)
    made.blocked_statuses.update({403: sum(blocked.values())})
    return made


def test_blocked_requests_are_listed_by_the_names_of_their_rules_most_first() -> None:
    part = web_acl_part("web", "shield", stats({1: 5, 0: 15}, 100), {}, RULES)
    assert (part.service, part.name, part.blocked, part.blocked_ratio) == ("web", "shield", 20, 0.2)
    assert list(part.blocked_by.items()) == [("rate", 15), ("SQLi/body", 5)]


def test_what_rules_did_is_listed_most_first_and_equal_ones_by_name() -> None:
    counts = {("SQLi/body", "count"): 7, ("rate", "block"): 15, ("Default_Action", "allow"): 80, ("rate", "count"): 7}
    part = web_acl_part("web", "shield", stats({0: 15}, 100), counts, RULES)
    assert [(rule.rule, rule.action, rule.requests) for rule in part.rules] == [
        ("Default_Action", "allow", 80),
        ("rate", "block", 15),
        ("SQLi/body", "count", 7),
        ("rate", "count", 7),
    ]


def test_without_requests_there_is_no_ratio() -> None:
    part = web_acl_part("web", "shield", RequestStats(), {}, RULES)
    assert (part.blocked, part.blocked_ratio, part.blocked_by, part.rules) == (0, None, {}, [])
