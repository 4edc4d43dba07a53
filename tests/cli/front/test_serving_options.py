"""Options that `serve` and `up` have in common: named as those of `run`."""

from __future__ import annotations

from dataclasses import fields

from simulator.cli.front.serving_options import BalancerOptions
from simulator.cli.scenarios.run_options import RealTimeOptions


def test_options_of_the_balancer_have_the_names_that_run_has() -> None:
    of_run = {each.name for each in fields(RealTimeOptions)}
    assert {each.name for each in fields(BalancerOptions)} <= of_run
