from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ingest.load.js_literal import Expression, LiteralError, literal

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(st.characters(codec="ascii"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc_", min_size=1, max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(value=st.dictionaries(st.text("abc", min_size=1), VALUES) | st.lists(VALUES))
def test_json_is_a_literal(value: Any) -> None:
    assert literal(f"  {json.dumps(value)};\nexport default function () {{}}") == value


def test_comments_quotes_trailing_commas_and_bare_keys_are_read() -> None:
    text = """{
      // the load
      stages: [{ duration: '2m', target: 1_000 }, /* down */ { duration: "30s", target: 0, },],
      thresholds: { 'http_req_duration': ['p(95)<500'] }, `tags`: null, rate: 1.5e2, it: 'it\\'s',
    }"""

    assert literal(text) == {
        "stages": [{"duration": "2m", "target": 1000}, {"duration": "30s", "target": 0}],
        "thresholds": {"http_req_duration": ["p(95)<500"]},
        "tags": None,
        "rate": 150.0,
        "it": "it's",
    }


def test_what_only_running_gives_is_an_expression() -> None:
    found = literal(
        "{ vus: __ENV.VUS || 10, duration: `${minutes}m`, total: 5 * 60, other, f: (a, b) => ({ a }), last: 1 }"
    )

    assert found == {
        "vus": Expression("__ENV.VUS || 10"),
        "duration": Expression("`${minutes}m`"),
        "total": Expression("5 * 60"),
        "other": Expression("other"),
        "f": Expression("(a, b) => ({ a })"),
        "last": 1,
    }


@pytest.mark.parametrize("text", ["{ a: 1", "{ a: [1, 2 }", "{ 'a 1 }", "{ a: (1 }"])
def test_a_cut_literal_is_an_error(text: str) -> None:
    with pytest.raises(LiteralError):
        literal(text)
