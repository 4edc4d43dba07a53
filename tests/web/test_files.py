"""The files of the pages: import maps, and data in a script element."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from simulator.web.files import (
    MODULES,
    inline_import_map,
    script_json,
    served_import_map,
    style_text,
    web_text,
)


def test_every_module_of_the_pages_exists_and_has_a_style() -> None:
    assert all(web_text(f"{name}.js") for name in MODULES)
    assert len(style_text()) > len(web_text("style.css"))


def test_a_served_page_imports_by_path() -> None:
    assert json.loads(served_import_map(["page"], "/web")) == {"imports": {"console/page": "/web/page.js"}}


def test_a_page_of_one_file_contains_its_modules() -> None:
    imports = json.loads(inline_import_map(["format"]))["imports"]
    head, _, encoded = imports["console/format"].partition(",")
    assert head == "data:text/javascript;base64"
    assert base64.b64decode(encoded).decode() == web_text("format.js")


@pytest.mark.parametrize("value", ["</script><script>alert(1)</script>", "<!--", "a\u2028b\u2029c", {"<": [1, None]}])
def test_no_data_is_read_as_markup_and_all_of_it_reads_back(value: Any) -> None:
    text = script_json(value)
    assert not {"<", "\u2028", "\u2029"} & set(text)
    assert json.loads(text) == value


def test_what_json_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_json(float("nan"))
