"""Tests of the priority of the load client."""

from __future__ import annotations

import os
from unittest import mock

import pytest

from simulator.calibration.observing.client_priority import NICE, client_priority
from simulator.records.journal import Journal
from simulator.replay.run_context import PlatformOpened


def nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may raise a priority")
def test_the_priority_is_raised_when_the_instances_are_ready_and_restored_at_the_end() -> None:
    before, journal = nice(), Journal()
    with client_priority(journal):
        assert nice() == before
        journal.publish(PlatformOpened(mock.Mock()))
        assert nice() == min(before, NICE)
    assert nice() == before


def test_without_the_right_it_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refused)
    before, journal = nice(), Journal()
    with client_priority(journal):
        journal.publish(PlatformOpened(mock.Mock()))
    assert nice() == before
