from __future__ import annotations

from pathlib import Path

import pytest

from simulator.ingest.load.plan import LoadRequest, plan_text
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import load_scenario
from tests.ingest.load.jmeter.plans import element, group, plan, read, sampler, variables


def test_the_scenario_is_valid_and_has_a_source_for_each_group(tmp_path: Path) -> None:
    groups = group(sampler("/items/1?a=b") + sampler("/cart", "POST"), seconds=30) * 2
    text = plan_text(read(tmp_path, plan(groups)), "out", "plan.jmx", {})
    (tmp_path / "out.yaml").write_text(text)

    scenario = load_scenario(tmp_path / "out.yaml")

    assert [(source.name, source.from_s, source.until_s) for source in scenario.traffic] == [
        ("Visitors", 3, 33),
        ("Visitors-2", 3, 33),
    ]
    assert [step.path for step in scenario.traffic[0].session] == ["/items/1", "/cart"]


def test_groups_of_a_serial_plan_follow_each_other(tmp_path: Path) -> None:
    serial = '<boolProp name="TestPlan.serialize_threadgroups">true</boolProp>'
    sources = read(tmp_path, plan(group(sampler("/"), seconds=30) * 2, serial)).sources

    assert [(source.from_s, source.until_s) for source in sources] == [(3, 33), (36, 66)]


def test_disabled_elements_and_groups_around_the_load_are_not_read(tmp_path: Path) -> None:
    off = element("HTTPSamplerProxy", "off", enabled=False, HTTPSampler__path="/off")
    text = plan(element("SetupThreadGroup", "Log in", sampler("/login")) + group(off + sampler("/on")))
    found = read(tmp_path, text)

    assert [source.requests for source in found.sources] == [(LoadRequest("GET", "/on"),)]
    assert "thread groups before and after the load: Log in" in found.dropped


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (plan(""), "plan.jmx:3:1: Shop = no thread group, must be a plan with one"),
        (
            plan(group(sampler("/"), users="${__groovy(1)}")),
            r"Visitors: ThreadGroup\.num_threads = .*groovy",
        ),
        (plan(group(sampler("/"), users=2.5)), r"num_threads = 2\.5, must be a whole number"),
        (plan(element("ArivalsThreadGroup", "A")), "A = ArivalsThreadGroup, must be .*; did you mean `ArrivalsThread"),
        (plan(group("<a>")), "file = mismatched tag, must be XML as JMeter writes it"),
        ("<!DOCTYPE a [<!ENTITY x 'y'>]><jmeterTestPlan/>", "file = a document type, must be without one"),
        (
            plan(variables(a="${b}" * 4000, b="${c}" * 4000, c="${a}" * 4000) + group(sampler("${a}"))),
            r"plan\.jmx:\d+:1: HTTPSampler\.path = more than 20000 characters, must be a shorter text",
        ),
        ("<jmeterTestPlan><hashTree/></jmeterTestPlan>", "must be a jmeterTestPlan with a TestPlan"),
        ("<jmeterTestPlan>" + "<a>" * 300, "elements within each other, must be a plan"),
    ],
)
def test_what_cannot_be_read_is_reported(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        read(tmp_path, text)
