"""Samples of evaluated requests: how many, of which time, and what a wrong call gets."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.control.web_acl_samples import RANGE_S_MAX, SAMPLES_MAX, WebAclSamples
from simulator.model.resources.api_error import ApiError
from simulator.rules.waf.log_document import WafRecord
from simulator.rules.waf.web_request import WebRequest
from tests.rules.waf.acls import acl, byte_match, rule

NOW_S = 1_796_000_000.0
VISIBLE = {"VisibilityConfig": {"SampledRequestsEnabled": True, "MetricName": "admins"}}
ACL = acl(rule(byte_match(b"/admin", {"UriPath": {}}), name="admin") | VISIBLE)


class Clock:
    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


def seen(samples: WebAclSamples, target: bytes) -> None:
    request = WebRequest(b"GET", target)
    samples.read(WafRecord("shop", ACL, ACL.evaluate(request, 0.0), request, 0.0))


def asked(metric: str = "admins", begin_s: Any = NOW_S - 600, end_s: Any = NOW_S + 600, **more: Any) -> dict[str, Any]:
    window = {"StartTime": begin_s, "EndTime": end_s}
    return {"Scope": "REGIONAL", "MaxItems": 500, "RuleMetricName": metric, "TimeWindow": window} | more


def uris(answer: dict[str, Any]) -> list[str]:
    return [each["Request"]["URI"] for each in answer["SampledRequests"]]


def test_requests_are_sampled_by_the_metric_of_the_rule_that_matched() -> None:
    samples = WebAclSamples(Clock())
    for target in (b"/admin/1", b"/", b"/admin/2"):
        seen(samples, target)
    found = samples.answer(ACL, asked())
    assert (uris(found), found["PopulationSize"]) == (["/admin/1", "/admin/2"], 2)
    assert uris(samples.answer(ACL, asked("m"))) == ["/"]
    assert uris(samples.answer(ACL, asked(MaxItems=1))) == ["/admin/2"]


def test_a_call_returns_the_requests_of_its_time_range() -> None:
    clock = Clock()
    samples = WebAclSamples(clock)
    for minute in range(5):
        clock.now_s = NOW_S + 60 * minute
        seen(samples, b"/admin/%d" % minute)
    found = samples.answer(ACL, asked(begin_s=NOW_S + 60, end_s=NOW_S + 180))
    assert (uris(found), found["PopulationSize"]) == (["/admin/1", "/admin/2", "/admin/3"], 3)
    text = samples.answer(ACL, asked(begin_s="2026-11-29T00:00:00+00:00", end_s="2027-01-01T00:00:00Z"))
    assert text["TimeWindow"]["StartTime"] == clock.now_s - RANGE_S_MAX


def test_memory_is_bounded_and_the_population_is_counted() -> None:
    clock = Clock()
    samples = WebAclSamples(clock)
    for _ in range(SAMPLES_MAX + 100):
        seen(samples, b"/admin")
    found = samples.answer(ACL, asked())
    assert (len(found["SampledRequests"]), found["PopulationSize"]) == (SAMPLES_MAX, SAMPLES_MAX + 100)
    clock.now_s += 2 * RANGE_S_MAX
    seen(samples, b"/admin")
    assert samples.answer(ACL, asked(end_s=clock.now_s))["PopulationSize"] == 1


@pytest.mark.parametrize(
    ("wrong", "code", "hint"),
    [
        ({"Scope": "CLOUDFRONT"}, "WAFInvalidParameterException", "Scope must be REGIONAL"),
        ({"MaxItems": 501}, "WAFInvalidParameterException", "MaxItems must be a number from 1 to 500"),
        ({"MaxItems": True}, "WAFInvalidParameterException", "MaxItems must be"),
        ({"TimeWindow": None}, "WAFInvalidParameterException", "TimeWindow must have"),
        ({"TimeWindow": {"StartTime": "soon", "EndTime": 2}}, "WAFInvalidParameterException", "must be times"),
        ({"TimeWindow": {"StartTime": 3, "EndTime": 2}}, "WAFInvalidParameterException", "the first not after"),
        ({"RuleMetricName": "admin"}, "WAFNonexistentItemException", "must be one of admins, m"),
    ],
)
def test_a_wrong_call_is_rejected_with_the_reason(wrong: dict[str, Any], code: str, hint: str) -> None:
    with pytest.raises(ApiError) as raised:
        WebAclSamples(Clock()).answer(ACL, asked() | wrong)
    assert raised.value.code == code
    assert hint in raised.value.hint
