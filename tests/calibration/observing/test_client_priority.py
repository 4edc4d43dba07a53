"""Tests of the priority of the load client."""

from __future__ import annotations

import os
from pathlib import Path
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


class Group:
    """A file as the kernel's: what is written as a number is read as the nice value of the group."""

    def __init__(self, nice: int) -> None:
        self.nice = nice

    def read_text(self, encoding: str) -> str:
        return f"/autogroup-7 nice {self.nice}\n".encode(encoding).decode()

    def write_text(self, text: str, encoding: str) -> None:
        self.nice = int(text.encode(encoding))


@pytest.mark.parametrize("before", [0, -17])
def test_the_session_has_the_priority_too(before: int) -> None:
    group, journal = Group(before), Journal()
    with client_priority(journal, group):  # type: ignore[arg-type]
        assert group.nice == before
        journal.publish(PlatformOpened(mock.Mock()))
        assert group.nice == min(before, NICE)
    assert group.nice == before


def test_a_kernel_without_groups_of_sessions_is_left_alone(tmp_path: Path) -> None:
    missing, journal = tmp_path / "autogroup", Journal()
    with client_priority(journal, missing):
        journal.publish(PlatformOpened(mock.Mock()))
    assert not missing.exists()
