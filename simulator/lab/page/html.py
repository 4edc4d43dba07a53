"""A page of the laboratory as one file that works offline: its data as JSON, with scripts, styles and chart library.

A content security policy in its head forbids all network access.
"""

from __future__ import annotations

import dataclasses
import html
import re
from typing import Final

from simulator.lab.page.blocks import LabPage
from simulator.web.files import CHART_SCRIPT, inline_import_map, script_json, style_text, web_text

MODULES: Final = ("format", "page", "charts", "scatter", "sortable", "lab")


def lab_page_html(page: LabPage) -> str:
    """Return the page; the same content gives the same bytes."""
    parts = {
        "TITLE": html.escape(page.title),
        "STYLE": style_text(),
        "MODULES": inline_import_map(MODULES),
        "UPLOT": web_text(CHART_SCRIPT),
        "PAGE": script_json(dataclasses.asdict(page)),
    }
    # Replaced in one pass, so that a scenario's text is never read as a placeholder.
    return re.sub(r"%%([A-Z]+)%%", lambda found: parts[found[1]], web_text("lab.html"))
