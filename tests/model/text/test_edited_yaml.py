"""Values set in the text of a YAML file: everything else keeps its text."""

from __future__ import annotations

import pytest

from simulator.model.text.document import parse_document
from simulator.model.text.edited_yaml import with_values

TEXT = """\
# The head.
services:
  a:
    simulated: {io: 100ms, cpu: 2ms}  # kept
  b:
    simulated:
      # of io
      io:
        empirical:
          - 1ms
          - "2ms"

      # of cpu
      cpu: 3ms
  c: {simulated: {}}
  d:
    other: &shared {io: 1ms}
    simulated: *shared
  e:
    <<: {simulated: {io: 1ms, cpu: 2ms}}
    other: 1
  f:
    <<: [{other: 1}, {<<: {simulated: {cpu: 2ms}}}]
  g: &all
    # of g
    other: &n 1
    simulated: &s {cpu: *n}
last: 1
"""
LAW = "{empirical: [5ms, 6ms]}"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (("a", "simulated", "io"), "io: 100ms,", f"io: {LAW},"),
        (("b", "simulated", "cpu"), "cpu: 3ms", f"cpu: {LAW}"),
        (("c", "simulated", "io"), "{simulated: {}}", f"{{simulated: {{io: {LAW}}}}}"),
        (("a", "simulated", "paths", "/x", "io"), "{io: 100ms", f"{{paths: {{/x: {{io: {LAW}}}}}, io: 100ms"),
        (("g", "other"), "other: &n 1\n", f"other: &n {LAW}\n"),
        (("g", "more"), "    other: &n 1", f"    more: {LAW}\n    other: &n 1"),
        (("g", "simulated", "io"), "&s {cpu: *n}", f"&s {{io: {LAW}, cpu: *n}}"),
        (("g", "simulated"), "&s {cpu: *n}", f"&s {LAW}"),
        (
            ("b", "simulated", "io"),
            'io:\n        empirical:\n          - 1ms\n          - "2ms"\n',
            f"io:\n        {LAW}\n",
        ),
        (
            ("b", "simulated", "paths", "/x", "io"),
            "      io:\n        empirical",
            f"      paths: {{/x: {{io: {LAW}}}}}\n      io:\n        empirical",
        ),
    ],
)
def test_only_the_value_changes(path: tuple[str, ...], old: str, new: str) -> None:
    assert TEXT.count(old) == 1
    edited = with_values(TEXT, {("services", *path): LAW})
    assert edited == TEXT.replace(old, new)
    value = parse_document(edited).data["services"]
    for key in path:
        value = value[key]
    assert value == {"empirical": ["5ms", "6ms"]}


def test_several_values_are_set_one_after_the_other() -> None:
    places = [("services", name, "simulated", "io") for name in ("a", "b", "c")]
    services = parse_document(with_values(TEXT, dict.fromkeys(places, "7ms"))).data["services"]
    assert [services[name]["simulated"]["io"] for name in ("a", "b", "c")] == ["7ms"] * 3


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (("services", "d", "simulated", "io"), "services.d.simulated is an alias"),
        (("services", "e", "simulated", "io"), "services.e.simulated is merged by <<"),
        (("services", "f", "simulated", "io"), "services.f.simulated is merged by <<"),
        (("last", "x"), "last is no mapping"),
    ],
)
def test_a_place_that_is_written_elsewhere_must_be_set_by_hand(path: tuple[str, ...], why: str) -> None:
    with pytest.raises(ValueError, match=rf"^{'.'.join(path)}, must be set by hand: {why}$"):
        with_values(TEXT, {path: LAW})


def test_a_value_beside_merged_ones_is_added() -> None:
    services = parse_document(with_values(TEXT, {("services", "e", "other_io"): LAW})).data["services"]
    assert services["e"] == {
        "other": 1,
        "other_io": {"empirical": ["5ms", "6ms"]},
        "simulated": {"io": "1ms", "cpu": "2ms"},
    }
