"""Shipments: a worker of another machine reads copies, and its answers name the files of the sender."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.workers.shipment import Shipment, opened_answer, pack
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.scenario.scenario import ScenarioText, load_scenario
from tests.scenario.scenario_texts import scenario_text


def test_names_in_paths_and_texts_become_those_of_the_copies_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "data").mkdir(parents=True)
    for name in ("data/a.csv", "data/a.csv.gz", "mine.py", "web"):
        (here / name).write_text(f"content of {name}")
    monkeypatch.chdir(here)
    absolute = here / "data" / "a.csv"
    value = {
        "path": Path("data/a.csv"),
        "absolute": [absolute, f"file: {absolute}, or {absolute}.gz"],
        "policy": "mine.py:Mine",
        "word": "web",
        "prose": "as mine.py:Mine does",
        "same": Path("other.csv"),
    }
    files = [absolute, here / "data" / "a.csv.gz", Path("mine.py"), Path("web"), Path("missing.csv")]
    shipment = Shipment.of(value, files)
    monkeypatch.chdir(tmp_path)
    copies = shipment.written(there)
    opened = copies.opened(shipment.value)
    root = f"{there}{here}"
    assert Path(f"{root}/data/a.csv.gz").read_text() == "content of data/a.csv.gz"
    assert opened == {
        "path": Path("data/a.csv"),
        "absolute": [Path(f"{root}/data/a.csv"), f"file: {root}/data/a.csv, or {root}/data/a.csv.gz"],
        "policy": f"{root}/mine.py:Mine",
        "word": "web",
        "prose": "as mine.py:Mine does",
        "same": Path("other.csv"),
    }
    answer = opened_answer(copies.answer((Path(f"{root}/data/a.csv"), ValueError(f"{root}/mine.py, {root}/x: wrong"))))
    assert answer[0] == absolute
    assert str(answer[1]) == f"mine.py, {here}/x: wrong"
    assert copies.opened(pack("mine.py:Other", shipment.names)) == f"{root}/mine.py:Other"


def test_another_content_is_another_shipment(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("1")
    first = Shipment.of(1, [file])
    assert Shipment.of(1, [tmp_path]).contents == first.contents, "a folder is the files in it"
    file.write_text("2")
    keys = {first.key, Shipment.of(1, [file]).key, Shipment.of(2, [file]).key, Shipment.of(2, []).key}
    assert len(keys) == 4


@pytest.mark.parametrize("trace", ["data/trace.csv", "{folder}/data/trace.csv"])
def test_a_scenario_plays_from_its_copies_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trace: str) -> None:
    here = tmp_path / "here"
    (here / "data").mkdir(parents=True)
    (here / "data" / "trace.csv").write_text("time\n" + "".join(f"{second / 4}\n" for second in range(40)))
    name = trace.format(folder=here)
    (here / "a.yaml").write_text(scenario_text(duration="20s", traffic=f"{{trace: {{file: {name}, format: seconds}}}}"))
    monkeypatch.chdir(here)
    text, checked = ScenarioText.of(Path("a.yaml")), load_scenario(Path("a.yaml"))
    shipment = Shipment.of((text, checked), checked.files)
    monkeypatch.chdir(tmp_path)
    for file in (here / "a.yaml", here / "data" / "trace.csv"):
        file.unlink()
    text, checked = shipment.written(tmp_path / "there").opened(shipment.value)
    for scenario in (text.scenario(), checked):
        assert build_report(play(Run(scenario), signals=False)).requests.requests == 40
