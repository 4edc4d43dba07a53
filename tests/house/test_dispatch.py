"""Dispatch is closed: a kind without a case is a type error, as a copy of the package with one more kind shows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple, get_args

import pytest

from simulator.scenario.sections.base_model import Section, fields_of
from simulator.scenario.sections.shape_spec import Shape
from simulator.scenario.sections.timeline_spec import ACTIONS, ON_A_SERVICE, Action, EventSpec
from simulator.scenario.sections.traffic_spec import SHAPES, RetrySpec, SourceSpec
from tests.house.counts import checkout, dispatch

ROOT = Path(__file__).parents[2]


class Kinds(NamedTuple):
    """A union of classes with a `base`, or an enum without one, and the modules that dispatch on it."""

    home: str
    name: str
    base: str
    dispatched_in: set[str]

    @property
    def added(self) -> str:
        return f"Added{self.name}" if self.base else f"{self.name}.ADDED"

    def with_one_more(self, text: str) -> str:
        if self.base:
            start = rf"\n{self.name} = (\(\s*)?"
            longer = rf"\nclass {self.added}({self.base}): ...\n\n\n{self.name} = \g<1>{self.added} | "
        else:
            start, longer = rf"\nclass {self.name}\(\w+\):\n", r'\g<0>    ADDED = "added"' + "\n"
        changed, count = re.subn(start, longer, text)
        assert count == 1, self.name
        return changed


KINDS = (
    Kinds(
        "scenario/sections/shape_spec.py",
        "Curve",
        "CurveSpec",
        {"scenario/sections/shape_spec.py", "traffic/shapes/curves.py"},
    ),
    Kinds(
        "scenario/sections/shape_spec.py",
        "Shape",
        "Section",
        {
            "lab/compiled/compiled_backend.py",
            "scenario/sections/shape_spec.py",
            "traffic/shapes/arrivals.py",
            "traffic/signal_levels.py",
        },
    ),
    Kinds(
        "scenario/sections/timeline_spec.py",
        "Action",
        "Section",
        {"lab/compiled/compiled_backend.py", "replay/timeline.py"},
    ),
    Kinds("records/events.py", "Event", "object", {"console/live/events.py", "records/metrics.py"}),
    Kinds("console/live/commands.py", "Command", "_Command", {"console/live/commands.py"}),
    Kinds("model/resources/operation.py", "OperationType", "", {"control/operations/operation_run.py"}),
    Kinds("rules/policies/requirements.py", "Signal", "", {"traffic/policy_fit.py"}),
    Kinds(
        "rules/platforms/billing.py",
        "Metering",
        "",
        {"rules/platforms/billing.py", "rules/platforms/size_changes/instance_hour.py"},
    ),
    Kinds(
        "telemetry/instruments.py",
        "InstrumentKind",
        "",
        {"telemetry/otlp/figures.py", "telemetry/prometheus/families.py"},
    ),
    Kinds("builds/runtimes.py", "Language", "", {"builds/machine/language.py"}),
    Kinds("scenario/check_expression.py", "Operator", "", {"scenario/check_expression.py"}),
)
# The base classes of the unions, and the sections that contain them.
BESIDES = (
    "model/resources/api_resources.py",
    "model/text/field_docstrings.py",
    "scenario/scenario.py",
    *(f"scenario/sections/{name}.py" for name in ("base_model", "deploy_spec", "traffic_spec")),
)
# With an unknown base every section could be any other one, and mypy could exclude none.
PYDANTIC = "from typing import Any\n\nclass BaseModel: ...\n\ndef __getattr__(name: str) -> Any: ...\n"


def forgotten(copy: Path) -> dict[str, set[str]]:
    """Return kind -> the modules that mypy rejects because an added kind has no case there."""
    paths = sorted(
        {*BESIDES, *(kinds.home for kinds in KINDS), *(path for kinds in KINDS for path in kinds.dispatched_in)}
    )
    for path in paths:
        text = (ROOT / "simulator" / path).read_text(encoding="utf-8")
        for kinds in KINDS:
            text = kinds.with_one_more(text) if kinds.home == path else text
        target = copy / "simulator" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    for folder in {
        parent for path in paths for parent in (copy / "simulator" / path).parents if copy in parent.parents
    }:
        (folder / "__init__.py").touch()
    (copy / "pydantic.pyi").write_text(PYDANTIC, encoding="utf-8")
    # Only the copied files are read, which takes seconds instead of minutes; their other imports are unknown.
    options = ("--config-file=", "--follow-imports=skip", "--ignore-missing-imports", "--cache-dir=cache")
    files = [f"simulator/{path}" for path in paths]
    run = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "pydantic.pyi", *files],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        env={},
    )
    assert run.returncode == 1, run.stderr
    found = defaultdict(set)
    for path, kind in re.findall(
        r'^simulator/(\S+?):\d+: error: Argument 1 to "assert_never" has incompatible type "(?:Literal\[)?([\w.]+)',
        run.stdout,
        re.MULTILINE,
    ):
        found[kind].add(path)
    return found


@pytest.mark.slow
@pytest.mark.case("H2")
def test_a_kind_without_its_case_fails_the_check_of_types(tmp_path: Path) -> None:
    assert forgotten(tmp_path) == {kinds.added: kinds.dispatched_in for kinds in KINDS}


@pytest.mark.case("H2")
def test_every_match_over_an_enum_or_a_union_is_exhaustive() -> None:
    rows = {row.name: row for row in dispatch(checkout(ROOT))}
    assert rows["match over an enum or union without assert_never"].places == []
    assert [rows[f"mypy's {code}"].figure for code in ("exhaustive-match", "possibly-undefined")] == ["on", "on"]


@pytest.mark.case("H2")
@pytest.mark.parametrize(
    ("section", "union", "names", "others"),
    [(EventSpec, Action, ACTIONS, set()), (SourceSpec, Shape, SHAPES, {RetrySpec})],
    ids=["timeline", "traffic"],
)
def test_every_kind_has_one_key_and_every_optional_section_is_a_kind(
    section: type[Section], union: type, names: tuple[str, ...], others: set[type]
) -> None:
    assert [len(fields_of(section, [kind])) for kind in get_args(union)] == [1] * len(names)
    sections = {
        name
        for name, field in section.model_fields.items()
        for kind in get_args(field.annotation)
        if field.default is None and isinstance(kind, type) and issubclass(kind, Section) and kind not in others
    }
    assert sections <= set(names)


def test_actions_on_a_service_are_those_with_the_key() -> None:
    instances = {"kill_instance", "recycle", "maintenance", "slow_starts", "fail_health_checks"}
    assert set(ON_A_SERVICE) == {*instances, "update_auto_scaling", "wire_fault", "deploy"}
    assert set(ACTIONS) - set(ON_A_SERVICE) == {"rate", "api", "zone_loss"}
