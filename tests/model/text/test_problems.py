"""The error for an unknown name contains the valid names and the nearest of them, wherever a name is looked up."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import simulator
from simulator import Scenario
from simulator.control.operations.time_profile import profile_named
from simulator.lab.compare.backends import kind_of
from simulator.lab.validate.validate import chosen
from simulator.model.text.problems import did_you_mean, nearest, one_of
from simulator.rules.platforms.presets import platform_named
from simulator.scenario.sections.policy_spec import policy_named


def test_one_of_lists_all_names_and_the_nearest() -> None:
    assert one_of("bat", ["ant", "bat2", "cow"]) == "one of ant, bat2, cow; did you mean `bat2`?"
    assert one_of("zebra", ["ant", "cow"]) == "one of ant, cow"
    assert did_you_mean("zebra", ["ant"]) == nearest("zebra", ["ant"]) == ""
    assert nearest("lowercase", ["LOWER_CASES", "LOWERCASE"]) == "LOWERCASE"
    assert nearest("Ip", ["IPS", "IP"]) == "IP"


def _scenario() -> Scenario:
    return Scenario("first-look")


@pytest.mark.parametrize(
    ("look_up", "meant"),
    [
        (lambda: policy_named("knatve"), "knative"),
        (lambda: platform_named("lamda"), "lambda"),
        (lambda: kind_of("compild", _scenario().checked, 1), "compiled"),
        (lambda: chosen(["2.1.11x"]), "2.1.11"),
        (lambda: profile_named("instnt"), "instant"),
        (lambda: Scenario("flash-sail"), "flash-sale"),
        (lambda: _scenario().run(clock="reel"), "real"),  # type: ignore[arg-type]
        (lambda: _scenario().change({"traffic.visitor.scale": 2}), "visitors"),
    ],
)
def test_an_unknown_name_has_its_nearest_valid_one_wherever_it_is_looked_up(
    look_up: Callable[[], object], meant: str
) -> None:
    with pytest.raises(ValueError, match=rf"did you mean `{re.escape(meant)}`\?"):
        look_up()


def test_nearest_words_are_computed_in_one_module() -> None:
    package = Path(simulator.__file__).parent
    users = [file for file in package.rglob("*.py") if "get_close_matches" in file.read_text(encoding="utf-8")]
    assert users == [package / "model" / "text" / "problems.py"]
