"""A page of the laboratory as one file."""

from __future__ import annotations

import json
import re

from simulator.lab.page.blocks import LabPage, NotesBlock, PageSection
from simulator.lab.page.html import MODULES, lab_page_html
from simulator.web.files import web_text

NAME = "</script><script>alert(1)</script> %%STYLE%%"
PAGE = LabPage(NAME, "subtitle", [PageSection("one", [NotesBlock([NAME])])])


def test_the_data_of_the_page_are_json_that_no_text_can_leave() -> None:
    text = lab_page_html(PAGE)
    found = re.search(r'<script type="application/json" id="page">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    document = json.loads(found[1])
    assert document["title"] == NAME
    assert document["sections"][0]["blocks"][0] == {"texts": [NAME], "title": "", "is_warning": False, "kind": "notes"}
    assert "<script>alert" not in text


def test_the_page_loads_nothing_and_forbids_it() -> None:
    text = lab_page_html(PAGE)
    assert "default-src 'none'" in text
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]+"|@import', text) == []


def test_the_page_has_every_module_that_its_scripts_import() -> None:
    imported = {name for module in MODULES for name in re.findall(r'from "console/(\w+)"', web_text(f"{module}.js"))}
    assert imported < set(MODULES)
