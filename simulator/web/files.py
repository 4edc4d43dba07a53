"""The files of the web pages, which this package contains: scripts, styles, and the chart library with its licence.

Modules import each other by names such as `console/charts`, never by path. An import map resolves the names: in the
console to a path of the server, in a report, which is one file, to the text itself. So no build step is needed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, Final

# All modules that a page may import, by file.
MODULES: Final = ("format", "page", "charts", "picture", "tables", "story", "replay")
CHART_SCRIPT: Final = "vendor/uPlot.iife.min.js"
CHART_STYLE: Final = "vendor/uPlot.min.css"


def web_text(name: str) -> str:
    """Return the text of a file. `name`: its path within the web folder."""
    return files("simulator.web").joinpath("assets", *name.split("/")).read_text(encoding="utf-8")


def style_text() -> str:
    return web_text(CHART_STYLE) + web_text("style.css")


def inline_import_map(modules: Iterable[str]) -> str:
    """Return an import map that contains the modules themselves."""
    return _import_map({name: _data_url(web_text(f"{name}.js")) for name in modules})


def served_import_map(modules: Iterable[str], folder: str) -> str:
    """Return an import map to paths below `folder` of the server."""
    return _import_map({name: f"{folder}/{name}.js" for name in modules})


def script_json(value: Any) -> str:
    """Encode JSON for a script element, so that none of it can be parsed as markup."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _import_map(places: dict[str, str]) -> str:
    return json.dumps({"imports": {f"console/{name}": place for name, place in places.items()}})


def _data_url(script: str) -> str:
    return "data:text/javascript;base64," + base64.b64encode(script.encode()).decode()
