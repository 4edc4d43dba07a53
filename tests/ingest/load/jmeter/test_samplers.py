from __future__ import annotations

from pathlib import Path

from simulator.ingest.load.plan import LoadPlan, LoadRequest
from tests.ingest.load.jmeter.plans import element, group, plan, read, sampler


def read_group(tmp_path: Path, children: str) -> LoadPlan:
    return read(tmp_path, plan(group(children, users=1, ramp=0)))


def test_a_pause_before_a_request_is_behind_the_one_before_it(tmp_path: Path) -> None:
    timer = element("ConstantTimer", ConstantTimer__delay=200)
    own = element("UniformRandomTimer", ConstantTimer__delay=100, RandomTimer__range=1000)
    (source,) = read_group(tmp_path, timer + sampler("/a") + sampler("/b", "PUT", own)).sources

    assert source.requests == (LoadRequest("GET", "/a", "{uniform: {low: 0.3s, high: 1.3s}}"), LoadRequest("PUT", "/b"))
    assert source.shape == "closed: {users: 1, begin: think_time, think_time: 0.2s}"


def test_loops_repeat_their_requests_and_variables_become_a_part_of_the_path(tmp_path: Path) -> None:
    loop = element("LoopController", "Twice", sampler("/items/${item}?q=1"), LoopController__loops=2)
    (source,) = read_group(tmp_path, loop + sampler("${base}/cart")).sources

    assert [request.path for request in source.requests or ()] == ["/items/{id}", "/items/{id}", "/cart"]


def test_requests_in_shares_of_the_iterations_are_a_mix_with_the_same_rate(tmp_path: Path) -> None:
    timer = element("ConstantTimer", ConstantTimer__delay=1000)
    percent = {"ThroughputController.style": 1, "ThroughputController.percentThroughput": 25}
    some = element("ThroughputController", "Some", sampler("/buy", "POST"), given=percent)
    either = element("RandomController", "Either", sampler("/a") + sampler("/b"))
    found = read_group(tmp_path, timer + either + some)
    (source,) = found.sources

    assert source.requests == (
        LoadRequest("GET", "/a", weight=0.5),
        LoadRequest("GET", "/b", weight=0.5),
        LoadRequest("POST", "/buy", weight=0.25),
    )
    assert "think_time: 1s" in source.shape  # 1.25 requests with 1.25 pauses in each iteration
    assert any("in the shares of its controllers" in text for text in found.guessed)


def test_what_is_no_request_of_http_is_named(tmp_path: Path) -> None:
    once = element("OnceOnlyController", "Log in", sampler("/login"))
    module = element("ModuleController", "Pay")
    found = read_group(tmp_path, once + element("JDBCSampler", "Query") + module + sampler("/"))

    assert "Query (JDBCSampler): not a request of HTTP" in found.dropped
    assert "Log in: requests that each user sends once" in found.dropped
    assert "Pay (ModuleController): the requests of another part of the plan, or file" in found.dropped


def test_defaults_give_a_path_and_a_flow_action_pauses(tmp_path: Path) -> None:
    defaults = element("ConfigTestElement", HTTPSampler__path="/base")
    action = element("TestAction", ActionProcessor__action=1, ActionProcessor__duration=700)
    (source,) = read_group(tmp_path, defaults + sampler("") + action + sampler("/b")).sources

    assert source.requests == (LoadRequest("GET", "/base", "0.7s"), LoadRequest("GET", "/b"))
