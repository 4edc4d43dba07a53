"""Examples of the verbs."""

from __future__ import annotations

from simulator.cli.help_text import EXAMPLES


def test_an_example_calls_its_own_verb() -> None:
    wrong = [
        (verb, example)
        for verb, examples in EXAMPLES.items()
        for example in examples
        if example.split()[:2] != ["simulator", verb]
    ]
    assert wrong == []


def test_an_example_fits_a_terminal_of_80_columns() -> None:
    long = [example for examples in EXAMPLES.values() for example in examples if len(f"  $ {example}") > 80]
    assert long == []
