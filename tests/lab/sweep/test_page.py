"""The page of a sweep."""

from __future__ import annotations

import json
import re

from simulator.lab.answer.alternatives import MONTH_COST
from simulator.lab.sweep.answers import sweep_answer
from simulator.lab.sweep.page import sweep_html
from tests.lab.sweep.test_answers import AXES, ROWS


def test_every_setting_is_a_point_and_a_row_in_the_series_of_its_first_value() -> None:
    answer = sweep_answer(ROWS, AXES, {}, MONTH_COST)
    page = sweep_html("case", ROWS, AXES, answer)
    document = json.loads(re.findall(r'id="page">(.*?)</script>', page, re.DOTALL)[0])
    assert [one["name"] for one in document["series"]] == [f"max_concurrency {value}" for value in (10, 20, 40)]
    (section,) = document["sections"]
    told, chart, table = section["blocks"]
    assert told["headline"] == answer.headline
    assert len(chart["points"]) == len(table["rows"]) == 6
    assert table["rows"][0]["name"] == answer.best
    assert [point["name"] for point in chart["points"] if point["is_best"]] == [answer.best]
    # Fewer slots are faster and cost more, a larger MinSize only costs more.
    front = {point["name"] for point in chart["points"] if point["is_on_front"]}
    assert front == {f"max_concurrency {value}, min_size 1" for value in (10, 20, 40)}
    usd = next(one for one in chart["points"] if one["name"] == answer.best)["x"][0]
    assert usd == sum(100 + 1000 / 40 + seed for seed in range(5)) / 5
