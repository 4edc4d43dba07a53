from __future__ import annotations

import pytest

from simulator.lab.page.template import safe

pytest.importorskip("jinja2")


def test_safe_markup_is_not_escaped() -> None:
    jinja2 = pytest.importorskip("jinja2")
    page = jinja2.Environment(autoescape=True).from_string("{{ a }}{{ b }}").render(a=safe("<b>"), b="<i>")

    assert page == "<b>&lt;i&gt;"
