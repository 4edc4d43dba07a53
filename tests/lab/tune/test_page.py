"""The page of a tuning."""

from __future__ import annotations

from simulator.lab.page.blocks import AnswerBlock, NotesBlock, ScatterBlock, TableBlock
from simulator.lab.tune.page import tune_html, tune_page
from simulator.lab.tune.result import SloPricePart
from simulator.lab.tune.tables import tables_of
from tests.lab.tune.results import result, setting

PRICE = SloPricePart(
    text="p95 < 250 ms",
    limit=0.25,
    month_usd=120.0,
    usd_more=20.0,
    usd_per_step=4.0,
    step="10 ms",
    setting="max_concurrency 30, min_size 3",
    changes={"max_concurrency": 30, "min_size": 3},
)
FRONT = [setting(90.0, holds=False, max_concurrency=50, min_size=1), setting(100.0, max_concurrency=40, min_size=2)]
WHOLE = result(front=FRONT, prices=[PRICE], failing_neighbours=["MinSize 1: p95 412 ms"], notes=["a note"])


def test_the_answer_is_first_with_its_guarantee_and_the_named_settings() -> None:
    block = tune_page(WHOLE).sections[0].blocks[0]
    assert isinstance(block, AnswerBlock)
    assert (block.headline, block.sentences) == (WHOLE.answer, [WHOLE.guarantee.text])
    assert [(rank.series, rank.place, rank.mean) for rank in block.ranking] == [
        ("choice", "best", 100.0),
        ("runner-up", "", 104.0),
        ("today", "", 140.0),
    ]
    notes = [one for one in tune_page(WHOLE).sections[0].blocks if isinstance(one, NotesBlock)]
    assert [(one.title, one.texts) for one in notes] == [
        ("Neighbours that fail", ["MinSize 1: p95 412 ms"]),
        ("Notes", ["a note"]),
    ]


def test_each_setting_is_one_point_and_the_price_of_the_slo_has_the_limit_itself() -> None:
    front, price = tune_page(WHOLE).sections[1].blocks
    assert isinstance(front, ScatterBlock)
    assert isinstance(price, ScatterBlock)
    assert sorted((point.x[0], point.series, point.is_failing, point.is_on_front) for point in front.points) == [
        (90.0, "other settings", True, True),
        (100.0, "choice", False, True),
        (104.0, "runner-up", False, False),
        (140.0, "today", False, False),
    ]
    assert sorted((point.x[0], point.y[0], point.is_best) for point in price.points) == [
        (0.25, 120.0, False),
        (0.3, 100.0, True),
    ]


def test_the_tables_are_those_of_the_terminal() -> None:
    blocks = tune_page(WHOLE).sections[-1].blocks
    expected = tables_of(WHOLE)
    assert [block.title for block in blocks if isinstance(block, TableBlock)] == [table.title for table in expected]


def test_without_a_choice_the_nearest_setting_fails_and_says_why() -> None:
    nearest = setting(90.0, holds=False, max_concurrency=50)
    page = tune_page(result(choice=None, nearest=nearest, runner_up=None, difference=None, today=None))
    block = page.sections[0].blocks[0]
    assert isinstance(block, AnswerBlock)
    assert [(rank.series, rank.place, rank.failing) for rank in block.ranking] == [
        ("nearest", "fails", ["p95 < 300 ms on 0 of 5 days"])
    ]


def test_the_page_is_one_file() -> None:
    assert len(tune_html(WHOLE).encode()) < 3_000_000
