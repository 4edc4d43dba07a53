"""The groups of options of `simulator run`."""

from __future__ import annotations

from dataclasses import fields

from simulator.cli.scenarios.run_options import (
    BuildsOptions,
    ChoiceOptions,
    ConsoleOptions,
    ExportOptions,
    RealTimeOptions,
    ReportOptions,
)


def test_no_two_groups_have_an_option_of_the_same_name() -> None:
    groups = (ChoiceOptions, ReportOptions, ExportOptions, RealTimeOptions, BuildsOptions, ConsoleOptions)
    names = [each.name for group in groups for each in fields(group)]
    assert len(names) == len(set(names)) >= 30


def test_ports_have_the_names_of_their_options() -> None:
    options = RealTimeOptions(https_port=8443, metrics_port=None)
    assert options.ports == {"--https-port": 8443, "--http-port": 0, "--metrics-port": 0}
