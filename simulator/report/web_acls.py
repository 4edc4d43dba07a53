"""The report's part about web ACLs: the requests that each rule of a service's web ACL matched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from simulator.model.text.field_docstrings import DescribedModel
from simulator.records.request_stats import RequestStats


class RulePart(DescribedModel):
    """A rule and what it did, over the whole run."""

    rule: str
    """Its name; GROUP/RULE for a rule of a rule group; Default_Action if no rule ended the evaluation."""
    action: str
    """allow, block, count, or `not evaluated`."""
    requests: int


class WebAclPart(DescribedModel):
    """The web ACL of a service."""

    service: str
    name: str
    blocked: int
    """Requests that it blocked after the warm-up."""
    blocked_ratio: float | None
    """blocked / requests."""
    blocked_by: dict[str, int]
    """The blocked requests after the warm-up, by rule; most first."""
    rules: list[RulePart] = Field(default=[])
    """Requests by rule and action, warm-up included; most first. A request may match several rules that count."""


def web_acl_part(
    service: str, name: str, stats: RequestStats, counts: Mapping[tuple[str, str], int], rules: Sequence[str]
) -> WebAclPart:
    """Return the part. `stats`: of the service's requests after the warm-up; `rules`: names by their numbers in it."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    blocked_by = sorted(((rules[number], count) for number, count in stats.blocked.items()), key=lambda each: -each[1])
    blocked = stats.blocked.total()
    return WebAclPart(
        service=service,
        name=name,
        blocked=blocked,
        blocked_ratio=blocked / stats.requests if stats.requests else None,
        blocked_by=dict(blocked_by),
        rules=[RulePart(rule=rule, action=action, requests=requests) for (rule, action), requests in ordered],
    )
