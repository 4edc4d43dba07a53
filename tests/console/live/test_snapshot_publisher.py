"""Messages of a run to the open pages: the first one, the following ones, and none without a page."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.assembly.composition import compose_platform
from simulator.console.live import snapshot_publisher
from simulator.console.live.commands import CommandHandler
from simulator.console.live.snapshot_publisher import (
    FRAME_EVERY_S,
    LINES_KEPT,
    SERIES_EVERY_S,
    Lines,
    SnapshotPublisher,
    message,
)
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.model.times import RunTime
from simulator.platform.platform import Platform
from simulator.platform.revision import ServicePlan
from simulator.records.events import EventLogged, OutputWritten, ScalingDecided
from simulator.records.request_log import Chunk
from simulator.replay.run_recorder import Recent
from simulator.rules.policies.fixed import FixedParameters, FixedPolicy
from simulator.world.playback import Playback
from simulator.world.random_streams import RandomStreams
from tests.fleet.fakes import stage_settings
from tests.virtual import run_virtual


class FixedViewModel:
    """A view model whose figures never change; it records the calls of `attended`."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.registry_version = 1
        self.attention: list[bool] = []

    def about(self) -> dict[str, Any]:
        return {"title": "a run"}

    def about_service(self, name: str) -> dict[str, Any]:
        return {"name": name}

    def version(self) -> int:
        return self.registry_version

    def operations(self) -> list[dict[str, Any]] | None:
        return None

    def size(self, _name: str) -> InstanceSize:
        return InstanceSize()

    def rates(self, _name: str) -> None:
        return None

    def scaling(self, _name: str) -> AutoScalingConfiguration:
        return AutoScalingConfiguration()

    def factor(self, _name: str) -> float | None:
        return 1.0

    def recent(self, _name: str) -> Recent:
        return Recent(2.0, 0.0)

    def series(self, name: str) -> dict[str, Any]:
        return {"of": name}

    def verdict(self) -> dict[str, Any] | None:
        return {"text": "All 3 requests were answered."}

    def attended(self, present: bool) -> None:
        self.attention.append(present)

    def flush(self) -> None:
        """Do nothing: there are no requests."""

    def rows(self, _name: str, chunk: Chunk) -> Chunk:
        return chunk


class Console:
    """A publisher on a platform with the service `web`; `wall_s` is the wall-clock time."""

    def __init__(self, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
        self.platform = platform
        self.wall_s = 100.0
        self.is_watched = True
        self.sent: list[bytes] = []
        monkeypatch.setattr(snapshot_publisher, "wall_s", lambda: self.wall_s)
        self.playback = Playback(lambda: self.wall_s, speed=2.0)
        self.view_model = FixedViewModel(platform)
        self.publisher = SnapshotPublisher(
            self.view_model, CommandHandler(platform), self.playback, lambda: self.is_watched, self.sent.append
        )

    def look(self) -> list[str]:
        """Let the publisher look; return the kinds of the messages that it sent."""
        self.sent.clear()
        self.publisher.publish_due()
        return [kind for kind, _ in messages(b"".join(self.sent))]

    def last(self, kind: str) -> dict[str, Any]:
        (data,) = [data for each, data in messages(b"".join(self.sent)) if each == kind]
        return data


def messages(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Decode server-sent events by the rules of the HTML standard for these two fields."""
    decoded = []
    for block in data.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        decoded.append((fields["event"], json.loads(fields["data"])))
    return decoded


@pytest.fixture
def on_console(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Console], Awaitable[None]]], None]:
    def run(test: Callable[[Console], Awaitable[None]]) -> None:
        async def main() -> None:
            settings = stage_settings(initial=2)
            plan = ServicePlan(settings, FixedPolicy(FixedParameters(2), settings.scaling), SimulatedApplication())
            platform = compose_platform([plan], RandomStreams(7))
            await platform.open()
            platform.start()
            try:
                await test(Console(platform, monkeypatch))
            finally:
                await platform.close()

        run_virtual(main)

    return run


OnConsole = Callable[[Callable[[Console], Awaitable[None]]], None]


def test_a_new_page_gets_the_complete_state(on_console: OnConsole) -> None:
    async def test(console: Console) -> None:
        console.platform.journal.record(EventLogged(RunTime(0.0), "web", "a fact"))
        console.platform.journal.publish(OutputWritten("web", 1, "stdout", "x" * 3000))
        parts = messages(console.publisher.hello())
        assert [kind for kind, _ in parts] == ["hello", "facts", "lines", "series", "verdict", "frame"]
        hello, facts, lines, series, _verdict, frame = (data for _, data in parts)
        assert hello == {"title": "a run", "operations": False, "services": [{"name": "web"}]}
        assert facts["until"] == console.platform.journal.recorded
        assert facts["rows"][-1]["line"] == "a fact"
        assert [(row["instance"], len(row["line"])) for row in lines["rows"]] == [(1, 2000)]
        assert series == {"web": {"of": "web"}}
        assert frame["services"]["web"]["i"]["n"] == [1, 2]

    on_console(test)


def test_nothing_is_made_without_a_page(on_console: OnConsole) -> None:
    async def test(console: Console) -> None:
        console.is_watched = False
        assert math.isinf(console.publisher.publish_due())
        assert (console.sent, console.view_model.attention) == ([], [])

    on_console(test)


def test_frames_come_ten_times_a_second_and_series_twice(on_console: OnConsole) -> None:
    async def test(console: Console) -> None:
        console.publisher.hello()
        kinds: list[str] = []
        for _ in range(100):  # one second in steps of ten milliseconds
            kinds += console.look()
            console.wall_s += 0.01
        assert kinds.count("frame") == pytest.approx(1 / FRAME_EVERY_S, abs=1)  # a step is not exact in binary
        assert kinds.count("series") == pytest.approx(1 / SERIES_EVERY_S, abs=1)

    on_console(test)


def test_the_wait_ends_when_the_next_frame_is_due(on_console: OnConsole) -> None:
    async def test(console: Console) -> None:
        assert console.publisher.publish_due() == pytest.approx(FRAME_EVERY_S)
        console.wall_s += 0.03
        assert console.publisher.publish_due() == pytest.approx(FRAME_EVERY_S - 0.03)

    on_console(test)


def test_facts_and_lines_are_sent_once(on_console: OnConsole) -> None:
    async def test(console: Console) -> None:
        console.publisher.hello()
        console.look()
        before = console.platform.journal.recorded
        console.platform.journal.record(EventLogged(RunTime(1.0), "web", "new"))
        console.platform.journal.publish(OutputWritten("web", 2, "stdout", "hello"))
        console.wall_s += FRAME_EVERY_S
        assert {"facts", "lines"} <= set(console.look())
        assert console.last("facts")["from"] == before
        assert [row["line"] for row in console.last("facts")["rows"]] == ["new"]
        assert [(row["instance"], row["line"]) for row in console.last("lines")["rows"]] == [(2, "hello")]
        console.wall_s += FRAME_EVERY_S
        assert {"facts", "lines"}.isdisjoint(console.look())

    on_console(test)


def test_services_are_described_again_only_after_a_change(on_console: OnConsole) -> None:
    async def test(console: Console) -> None:
        console.publisher.hello()
        console.look()
        console.wall_s += FRAME_EVERY_S
        assert "about" not in console.look()
        console.view_model.registry_version += 1
        console.wall_s += FRAME_EVERY_S
        assert "about" in console.look()
        added = console.platform.add("api", ())
        console.wall_s += FRAME_EVERY_S
        assert "about" in console.look()
        assert [each["name"] for each in console.last("about")["services"]] == ["web", "api"]
        console.platform.remove(added)
        console.wall_s += FRAME_EVERY_S
        console.look()
        assert list(console.last("frame")["services"]) == ["web"]

    on_console(test)


def test_a_service_of_the_same_name_that_was_created_again_has_frames_of_its_own(on_console: OnConsole) -> None:
    async def test(console: Console) -> None:
        first = console.platform.add("api", ())
        console.publisher.hello()
        console.platform.remove(first)
        console.platform.add("api", ())
        console.look()
        assert "about" in [kind for kind, _ in messages(b"".join(console.sent))]
        assert list(console.last("frame")["services"]) == ["web", "api"]

    on_console(test)


def test_the_view_model_learns_of_the_first_page_and_of_the_last(on_console: OnConsole) -> None:
    async def test(console: Console) -> None:
        console.publisher.hello()
        console.publisher.hello()
        console.is_watched = False
        console.look()
        console.look()
        assert console.view_model.attention == [True, False]

    on_console(test)


@pytest.mark.parametrize(("state", "speed"), [("playing", 2.0), ("paused", 2.0), ("stepping", 2.0)])
def test_a_frame_has_the_state_of_the_clock(on_console: OnConsole, state: str, speed: float) -> None:
    async def test(console: Console) -> None:
        now_s = asyncio.get_running_loop().time()
        console.playback.begin(now_s, playing=state == "playing")
        if state == "stepping":
            console.playback.step(now_s + 5)
        console.look()
        frame = console.last("frame")
        assert (frame["state"], frame["speed"]) == (state, speed)

    on_console(test)


def test_a_step_to_the_next_decision_ends_with_the_decision(on_console: OnConsole) -> None:
    async def test(console: Console) -> None:
        decision = ScalingDecided(RunTime(1.0), "web", "fixed", 2, 2, "n = 2", "because", (), ())
        console.playback.begin(asyncio.get_running_loop().time(), playing=True)
        console.platform.journal.record(decision)
        assert console.playback.playing  # a decision does not stop a run that is not stepping
        console.playback.step(math.inf)
        console.platform.journal.record(decision)
        assert not console.playback.stepping

    on_console(test)


def test_the_last_lines_are_kept_with_their_positions() -> None:
    lines = Lines()
    for number in range(2 * LINES_KEPT + 1):
        lines.add({"n": number})
    assert (lines.dropped, lines.count) == (LINES_KEPT, 2 * LINES_KEPT + 1)
    assert [row["n"] for row in lines.since(lines.count - 2)] == [2 * LINES_KEPT - 1, 2 * LINES_KEPT]
    assert lines.since(0) == lines.kept


def test_a_message_is_one_server_sent_event() -> None:
    assert message("facts", {"line": "two\nlines"}) == b'event: facts\ndata: {"line":"two\\nlines"}\n\n'
