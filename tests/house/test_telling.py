"""Events are published in the journal, and collaborating parts get each other at construction.

No object has an attribute with a function that code outside of its class sets, regardless of its name. Such an
attribute holds one function, so the last caller to set it would replace the others.
"""

from __future__ import annotations

from pathlib import Path

from tests.house.counts import Row, callbacks, checkout

ROOT = Path(__file__).parents[2]


def found_in(root: Path) -> dict[str, Row]:
    return {row.name: row for row in callbacks(checkout(root))}


def test_no_callback_is_set_from_outside_of_its_class() -> None:
    places = [place for row in found_in(ROOT).values() for place in row.places]
    assert not places, "subscribe to the journal, or take the part at construction:\n" + "\n".join(places)


def test_a_callback_that_is_set_from_outside_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "simulator"
    folder.mkdir()
    (folder / "pool.py").write_text("class Pool:\n    def __init__(self):\n        self.on_wait = self.on_own = None\n")
    (folder / "scaler.py").write_text("def watch(pool):\n    pool.on_wait = print\n")
    held, assigned = found_in(tmp_path).values()
    assert held.places == ["simulator/pool.py: Pool.on_wait"]
    assert assigned.places == ["simulator/scaler.py:2: pool.on_wait"]


def test_a_function_under_another_name_is_found_and_one_given_at_construction_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "simulator"
    folder.mkdir()
    (folder / "policy.py").write_text(
        "class Policy:\n"
        "    def __init__(self, now):\n"
        "        self.tell: Callable[[str], None] | None = None\n"
        "        self.name_of = lambda number: str(number)\n"
        "        self.now: Callable[[], float] = now\n"
        "        self.count = 0\n"
        "@dataclass\n"
        "class Case:\n"
        "    play: Callable[[], None]\n"
    )
    (folder / "run.py").write_text(
        "def watch(policy, run):\n    policy.tell = print\n    policy.name_of = repr\n    policy.count = run.play = 1\n"
    )
    _, assigned = found_in(tmp_path).values()
    assert assigned.places == ["simulator/run.py:2: policy.tell", "simulator/run.py:3: policy.name_of"]
