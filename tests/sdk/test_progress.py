"""Progress of a sweep or a comparison in Python: calls, a line, and the end after an interrupt."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from simulator import BatchStep, Scenario, compare
from simulator.sdk.progress import EVERY_S, NotebookProgress, somebody_watches
from simulator.sdk.sweep import swept
from tests.scenario.scenario_texts import scenario_text

SMALL = scenario_text(duration="5s", traffic="{poisson: {rate: 20/s}}", service="max_size: 3")


class Wall:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.case("L70")
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_sweep_calls_before_the_first_run_and_after_every_one(workers: int) -> None:
    steps: list[BatchStep] = []
    Scenario.from_text(SMALL).sweep({"max_size": [2, 3]}, seeds=2, workers=workers, progress=steps.append)
    assert [(step.done, step.total) for step in steps] == [(number, 4) for number in range(5)]
    names = [f"max_size = {size}, seed {seed}" for size in (2, 3) for seed in (1, 2)]
    assert [step.name.replace("seed = ", "seed ") for step in steps[:1]] == names[:1]
    assert sorted(step.name.replace("seed = ", "seed ") for step in steps[1:]) == names


@pytest.mark.case("L70")
def test_a_comparison_calls_before_the_first_run_and_after_every_one() -> None:
    steps: list[BatchStep] = []
    compare(Scenario.from_text(SMALL), ["configured", "fixed"], seeds=2, oracle=False, progress=steps.append)
    names = [f"{label}, seed {seed}" for seed in (1, 2) for label in ("configured", "fixed")]
    assert [(step.done, step.total, step.name) for step in steps] == [
        (0, 4, names[0]),
        *((number, 4, name) for number, name in enumerate(names, 1)),
    ]


@pytest.mark.case("L70")
def test_the_line_says_how_many_are_done_and_how_long_the_rest_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, wall = io.StringIO(), Wall()
    monkeypatch.setattr(sys, "stderr", shown)
    with NotebookProgress(True, "sweep", 100, "min_size = 1", wall) as progress:
        for number in range(30):
            wall.now_s += 1.0
            progress.advance(f"min_size = {number}")
        progress.advance("too soon for a line")
        wall.now_s += EVERY_S
    lines = shown.getvalue().split("\r")
    assert lines[1] == "sweep: 0 of 100 runs, min_size = 1"
    assert lines[-3].rstrip() == "sweep: 30 of 100 runs, 1m10s left, min_size = 29"  # 30 in 30 s, and 70 are left
    assert lines[-2:] == [" " * len(lines[-3]), ""], "nothing of it is left"


@pytest.mark.case("L70")
def test_progress_is_written_to_terminals_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)

    def written(stream: io.StringIO, progress: bool | None) -> bool:
        monkeypatch.setattr(sys, "stderr", stream)
        with NotebookProgress(progress, "sweep", 2):
            pass
        return bool(stream.getvalue())

    assert [written(io.StringIO(), told) for told in (None, True, False)] == [False, True, False]
    assert [written(Terminal(), told) for told in (None, True, False)] == [True, True, False]
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    assert somebody_watches()


@pytest.mark.case("L70")
def test_an_exception_of_the_callback_ends_the_sweep() -> None:
    def tell(step: BatchStep) -> None:
        if step.done == 2:
            raise LookupError(step.name)

    scenario = Scenario.from_text(SMALL)
    with pytest.raises(LookupError, match="max_size = 2, seed = 1"):
        scenario.sweep({"max_size": [1, 2, 3]}, progress=tell)


@pytest.mark.case("L70")
def test_an_interrupt_of_the_cell_ends_the_sweep_and_not_only_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    interrupted, ended = threading.Event(), threading.Event()

    def in_thread(work, on_interrupt):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        """Interrupt the cell once two runs are done."""

        def body() -> None:
            try:
                work()
            except KeyboardInterrupt:
                ended.set()

        threading.Thread(target=body, daemon=True).start()
        assert interrupted.wait(30)
        on_interrupt()
        told_to_stop.set()
        raise KeyboardInterrupt

    told_to_stop = threading.Event()

    def tell(step: BatchStep) -> None:
        done.append(step.done)
        if step.done == 2:
            interrupted.set()
            assert told_to_stop.wait(30)

    monkeypatch.setattr("simulator.sdk.sweep.run_in_thread", in_thread)
    scenario = Scenario.from_text(SMALL)
    with pytest.raises(KeyboardInterrupt):
        swept(scenario.document, scenario.folder, {"max_size": [1, 2, 3, 4]}, [1], 1, tell)
    assert ended.wait(30)
    assert done == [0, 1, 2]
