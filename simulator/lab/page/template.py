"""Renders the template of a page, with the style that all pages of the laboratory have."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from simulator.lab.extras import needed


def rendered(package: str, template: str, **values: object) -> str:
    """Return the page of a template in `package`; its texts are escaped. `style` is the style sheet.

    Raises:
        MissingLibrary: if jinja2 is not installed.
    """
    jinja: Any = needed("jinja2")
    source = files(package).joinpath(template).read_text(encoding="utf-8")
    style = files("simulator.lab.page").joinpath("style.css").read_text(encoding="utf-8")
    environment = jinja.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page: str = environment.from_string(source).render(style=safe(style), **values)
    return page


def safe(markup: str) -> Any:
    """Mark markup as safe for a template: this package made it, with its texts escaped."""
    return needed("markupsafe").Markup(markup)
