"""Hook of MkDocs: adds the pages that are generated from the code, and orders the site's sections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from layer_diagram import with_layers
from page_parts import cell, table
from reference_assumptions import assumptions_page
from reference_cli import cli_page
from reference_iam import iam_page
from reference_rules import platforms_page, policies_page, settings_page
from reference_schema import schema_page
from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.cli.platform.serve_config import ServeConfig
from simulator.lessons.course import course
from simulator.report.schema import report_schema
from simulator.scenario.schema import scenario_schema, schema_for_editors
from state_diagrams import with_diagrams


def _scenario_page() -> str:
    about = "The keys of a scenario file. `simulator schema` prints the JSON Schema that gives an editor completion."
    return schema_page("Scenario file", about, scenario_schema(), "The file", ("PolicySpec", "ItemSpec"))


def _report_page() -> str:
    about = "What `simulator run --json` writes. `simulator schema report` prints it as JSON Schema."
    return schema_page("Report", about, report_schema(), "The report")


def _serve_page() -> str:
    about = "The configuration file of `simulator serve`. `simulator schema serve` prints it as JSON Schema."
    return schema_page("Configuration of serve", about, schema_for_editors(ServeConfig), "The file")


def _model_page() -> str:
    about = (
        "The file `NAME.model.json`, which `simulator calibrate` writes: the simulated application that agrees with the"
        " observations, its parameters with intervals, and the figures that were compared. `application` has the keys"
        " of the section `application` of a [scenario file](scenario.md)."
    )
    return schema_page("Calibrated model", about, CalibratedModel.model_json_schema(), "The file")


GENERATED: Final[Mapping[str, Callable[[], str]]] = {
    "reference/cli.md": cli_page,
    "reference/scenario.md": _scenario_page,
    "reference/report.md": _report_page,
    "reference/serve.md": _serve_page,
    "reference/model-file.md": _model_page,
    "reference/policies.md": policies_page,
    "reference/iam.md": iam_page,
    "reference/platforms.md": platforms_page,
    "reference/settings.md": settings_page,
    "reference/assumptions.md": assumptions_page,
}

ORDER: Final = ("Home", "Tutorial", "How to", "Reference", "Explanation", "Contributing", "Decisions")
# Titles of sections whose folder has another name.
TITLES: Final[Mapping[str, str]] = {"Adr": "Decisions"}


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the generated pages to those of docs/."""
    for path, page in GENERATED.items():
        files.append(File.generated(config, path, content=page()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Replace a page's comments for diagrams and lists by their generated content."""
    return with_layers(with_diagrams(markdown)).replace("<!-- lessons -->", _lessons())


def _lessons() -> str:
    rows = ([f"`{lesson.name}`", cell(lesson.title), cell(lesson.summary)] for lesson in course().values())
    return table(["lesson", "title", "question"], rows)


def on_nav(nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:  # noqa: ARG001 MkDocs' signature
    """Sort the sections in reading order instead of alphabetically."""
    for item in nav.items:
        if item.title in TITLES:
            item.title = TITLES[item.title]
    nav.items.sort(key=_position)
    return nav


def _position(item: Any) -> int:
    title = item.title or "Home"
    return ORDER.index(title) if title in ORDER else len(ORDER)
