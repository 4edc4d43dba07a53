"""Blocks of a page."""

from __future__ import annotations

import re

from simulator.lab.answer.alternatives import SCORE
from simulator.lab.answer.answer import answer_of
from simulator.lab.page.blocks import Block, answer_block
from simulator.web.files import web_text
from tests.lab.answer.made import made, traffic


def test_an_answer_has_its_ranking_as_text_and_number() -> None:
    shared = traffic("block")
    answer = answer_of([made("a", shared, 20.0), made("b", shared, 10.0, failing=("p95 < 1 s",))], "a", SCORE)
    block = answer_block(answer, "candidate")
    assert (block.headline, block.noun) == (answer.headline, "score")
    assert [(rank.series, rank.place, rank.failing) for rank in block.ranking] == [
        ("a", "best", []),
        ("b", "fails", ["p95 < 1 s"]),
    ]
    assert block.ranking[0].text == f"${block.ranking[0].mean:.2f}"
    assert answer_block(answer, "setting", are_series=False, ranks_max=1).ranking[0].series is None


def test_the_script_draws_every_kind_of_block() -> None:
    kinds = {block.__dataclass_fields__["kind"].default for block in Block.__args__}
    (listed,) = re.findall(r"const BLOCKS = \{ (.*?) \};", web_text("lab.js"))
    assert set(listed.split(", ")) == kinds
