"""The groups of options of `simulator serve`, and the values of the configuration that they override."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from simulator.cli.front.console_options import LiveConsoleOptions
from simulator.cli.front.serving_options import BalancerOptions
from simulator.cli.platform.serve_config import ServeConfig, with_options
from simulator.cli.platform.serve_options import (
    AddressOptions,
    HeaderOptions,
    OperationTimeOptions,
    ServeOptions,
    TelemetryOptions,
    TimeProfileName,
)
from simulator.model.header_profile import Profile

OVERRIDING = (ServeOptions, AddressOptions, BalancerOptions, HeaderOptions, TelemetryOptions, OperationTimeOptions)


def test_no_two_groups_have_an_option_of_the_same_name() -> None:
    names = [each.name for group in (*OVERRIDING, LiveConsoleOptions) for each in fields(group)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("group", OVERRIDING)
def test_what_was_not_given_overrides_nothing_and_each_key_is_one_of_the_configuration(group: type[Any]) -> None:
    options = group().of_config
    assert set(options.values()) == {None}
    for name in options:
        section, _, key = name.partition("_")
        assert key in type(getattr(ServeConfig(), section)).model_fields, name


def test_given_options_override_the_configuration() -> None:
    groups = (
        ServeOptions(web_acl=[Path("acl.json")]),
        AddressOptions(port=0, tls=True, dns_port=5300),
        TelemetryOptions(metrics_port=9100, trace_sampling=0.5),
        OperationTimeOptions(TimeProfileName.APP_RUNNER, 0.1),
    )
    config = ServeConfig()
    for group in groups:
        config = with_options(config, **group.of_config)
    assert config.waf.files == (Path("acl.json"),)
    assert (config.api.port, config.api.tls, config.dns.port) == (0, True, 5300)
    assert (config.metrics.port, config.otel.sampling) == (9100, 0.5)
    assert (config.time.profile, config.time.factor) == ("app-runner", 0.1)
    assert config.front == ServeConfig().front
    assert with_options(config, **HeaderOptions(Profile.PLAIN).of_config).front.profile == "plain"


def test_the_port_of_a_console_counts_only_with_one() -> None:
    assert LiveConsoleOptions(console_port=8701).port is None
    assert LiveConsoleOptions(with_console=True, console_port=8701).port == 8701
