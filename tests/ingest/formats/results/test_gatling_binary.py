from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from simulator.scenario.problems import ScenarioError
from tests.ingest.dataset_files import imported

START_MS = 1_796_032_800_000


class Writer:
    """Writes the records as Gatling does: since 3.12.1 with codings and numbered names, in 3.12.0 without."""

    def __init__(self, version: str) -> None:
        self.is_coded = version != "3.12.0"
        self.names: dict[str, int] = {}
        self.content = b"\0" + self.text(version) + self.text("shop.Checkout") + struct.pack(">q", START_MS)
        self.content += self.text("") + struct.pack(">i", 1) + self.text("buyers") + struct.pack(">ii", 1, 3) + b"abc"

    def text(self, text: str) -> bytes:
        if not self.is_coded or not text:
            return struct.pack(">i", len(text.encode())) + text.encode()
        is_latin = all(ord(letter) < 256 for letter in text)
        content = text.encode("latin-1" if is_latin else "utf-16-le")
        return struct.pack(">i", len(content)) + content + bytes([not is_latin])

    def name(self, text: str) -> bytes:
        if not self.is_coded:
            return self.text(text)
        if text in self.names:
            return struct.pack(">i", -self.names[text])
        self.names[text] = len(self.names) + 1
        return struct.pack(">i", self.names[text]) + self.text(text)

    def request(self, name: str, start_ms: int, end_ms: int, groups: tuple[str, ...] = (), message: str = "") -> None:
        self.content += b"\1" + struct.pack(">i", len(groups)) + b"".join(map(self.name, groups)) + self.name(name)
        self.content += struct.pack(">ii?", start_ms, end_ms, not message) + self.name(message)

    def others(self) -> None:
        """Write a user, a group and an error."""
        self.content += b"\2" + struct.pack(">i?i", 0, True, 5)
        self.content += b"\3" + struct.pack(">i", 1) + self.name("cart") + struct.pack(">iii?", 0, 9, 9, True)
        self.content += b"\4" + self.name("no route to host") + struct.pack(">i", 7)


def written(version: str) -> bytes:
    writer = Writer(version)
    writer.others()
    writer.request("Home page", 500, 750, ("cart", "日本"))
    writer.others()
    writer.request("Home page", 1500, 1600, ("cart",), "timed out")
    return writer.content


@pytest.mark.parametrize("version", ["3.12.0", "3.12.1", "3.14.3"])
def test_requests_have_start_and_end(tmp_path: Path, version: str) -> None:
    file = tmp_path / "simulation.log"
    file.write_bytes(written(version))

    result = imported(file)

    assert [form.name for form in result.formats] == ["gatling-binary"]
    (service,) = result.services
    assert service.times_s is not None
    assert service.durations_s is not None
    assert result.start_s == START_MS / 1000 + 0.5
    np.testing.assert_allclose(service.times_s, [0, 1])
    np.testing.assert_allclose(service.durations_s, [0.25, 0.1])
    assert [route.path for route in service.routes] == ["/Home-page"]
    assert service.statuses[:3] == (1, 0, 1)


def test_records_over_the_bound_of_a_part_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer("3.13.5")
    for at in range(200):
        writer.request(f"page {at % 7}", at, at + 3, ("group",))
    file = tmp_path / "simulation.log"
    file.write_bytes(writer.content)
    monkeypatch.setattr("simulator.ingest.input_file.PART_BYTES", 37)

    (service,) = imported(file).services

    assert service.requests == 200
    assert len(service.routes) == 7


def test_the_last_record_of_a_killed_run_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "simulation.log"
    file.write_bytes(written("3.13.5")[:-3])

    result = imported(file)

    assert result.services[0].requests == 1
    assert result.skipped_lines == 1


def test_damage_is_reported_with_its_place(tmp_path: Path) -> None:
    writer = Writer("3.13.5")
    place = len(writer.content)
    file = tmp_path / "simulation.log"
    file.write_bytes(writer.content + b"\x09")
    with pytest.raises(ScenarioError, match=rf"byte {place} = a record of kind 9, must be a record of Gatling"):
        imported(file)
