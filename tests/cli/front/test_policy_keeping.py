"""A policy file that changes while `simulator serve` uses it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from tests.cli.front.asking import Asked
from tests.cli.platform.test_serve import ok, serving

PAUSE = threading.Event()
TEXT = "class Own:\n    def decide(self, observation):\n        return {}\n"


def test_serve_uses_a_changed_file_and_prints_why_it_does_not_use_a_broken_one(tmp_path: Path) -> None:
    own, config, told = tmp_path / "own.py", tmp_path / "serve.yaml", tmp_path / "told"
    own.write_text(TEXT.format(1), encoding="utf-8")
    config.write_text("applications: {hello: {simulated: {}}}\nscaling: {policy: own.py:Own}\n", encoding="utf-8")
    with (
        told.open("w", encoding="utf-8") as stderr,
        serving(tmp_path / "state", "--config", str(config), stderr=stderr) as served,
    ):
        Asked(served, tmp_path / "state")

        def until(text: str, read: Callable[[], str]) -> str:
            found = ""
            for _ in range(600):
                found = read()
                if text in found:
                    return found
                assert served.process.poll() is None, text
                PAUSE.wait(0.1)
            raise AssertionError(f"{text} is not in {found}")

        def printed() -> str:
            return told.read_text(encoding="utf-8")

        own.write_text(TEXT.format("observation.nothing"), encoding="utf-8")
        until("is not used, the previous version stays: policy Own raised AttributeError: ", printed)
        assert "(own.py, line 3), at tick 1" in printed()
        own.write_text(TEXT.format("3 if observation.ready < 3 else 1 / 0"), encoding="utf-8")
        until("the changed file is used now, for hello", printed)
        log = until(
            "raised ZeroDivisionError: division by zero (own.py, line 3)",
            lambda: ok("logs", "hello", "--state", str(tmp_path / "state")),
        )
    assert log.count("the desired count stays as it is") <= 20
