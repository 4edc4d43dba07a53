"""Test plans of JMeter, written as JMeter writes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.jmeter.plan import is_jmeter, jmeter_plan
from simulator.ingest.load.plan import LoadPlan


def element(
    tag: str,
    name: str = "x",
    children: str = "",
    *,
    enabled: bool = True,
    given: Mapping[str, object] = MappingProxyType({}),
    **properties: object,
) -> str:
    """Return an element with its hashTree. Properties are `given`, or named with `__` for a point."""
    values = {**given, **{key.replace("__", "."): value for key, value in properties.items()}}
    listed = "".join(f'<stringProp name="{key}">{value}</stringProp>' for key, value in values.items())
    is_on = str(enabled).lower()
    return f'<{tag} testname="{name}" enabled="{is_on}">{listed}</{tag}><hashTree>{children}</hashTree>\n'


def loops(count: object) -> str:
    return (
        '<elementProp name="ThreadGroup.main_controller" elementType="LoopController">'
        '<boolProp name="LoopController.continue_forever">false</boolProp>'
        f'<stringProp name="LoopController.loops">{count}</stringProp></elementProp>'
    )


def group(children: str, *, users: object = 10, ramp: object = 5, count: object = -1, seconds: object = 60) -> str:
    scheduler = "true" if seconds else "false"
    return (
        '<ThreadGroup testname="Visitors" enabled="true">'
        f'{loops(count)}<intProp name="ThreadGroup.num_threads">{users}</intProp>'
        f'<intProp name="ThreadGroup.ramp_time">{ramp}</intProp>'
        f'<boolProp name="ThreadGroup.scheduler">{scheduler}</boolProp>'
        f'<stringProp name="ThreadGroup.duration">{seconds}</stringProp>'
        f'<stringProp name="ThreadGroup.delay">3</stringProp></ThreadGroup><hashTree>{children}</hashTree>'
    )


def sampler(path: str, method: str = "GET", children: str = "") -> str:
    return element("HTTPSamplerProxy", path, children, HTTPSampler__path=path, HTTPSampler__method=method)


def variables(**values: object) -> str:
    listed = "".join(
        f'<elementProp name="{name}" elementType="Argument"><stringProp name="Argument.name">{name}</stringProp>'
        f'<stringProp name="Argument.value">{value}</stringProp></elementProp>'
        for name, value in values.items()
    )
    return (
        '<Arguments testname="User Defined Variables" enabled="true">'
        f'<collectionProp name="Arguments.arguments">{listed}</collectionProp></Arguments><hashTree/>'
    )


def plan(children: str, properties: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<jmeterTestPlan version="1.2" properties="5.0" jmeter="5.6.3">\n'
        f'<hashTree><TestPlan testname="Shop" enabled="true">{properties}</TestPlan>\n'
        f"<hashTree>{children}</hashTree></hashTree></jmeterTestPlan>\n"
    )


def read(folder: Path, text: str) -> LoadPlan:
    path = folder / "plan.jmx"
    path.write_text(text)
    file = InputFile(path)
    assert is_jmeter(file)
    return jmeter_plan(file)
