"""The result of a run: figures, data frames, explanations of decisions, and its display in a notebook."""

from __future__ import annotations

import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from simulator.console.report.html import report_page
from simulator.lab.figures import Figure, figures
from simulator.lab.why import losses_at, parse_moment, why
from simulator.model.text.problems import one_of
from simulator.report import schema
from simulator.report.cost.part import LinePart
from simulator.report.decisions import DecisionPart
from simulator.report.report import RunRecord
from simulator.report.serialization import report_json
from simulator.report.verdict.part import VerdictPart
from simulator.sdk.frames import Library, frame, frame_of_rows
from simulator.sdk.repr_html import report_cell

_PAGE_HEIGHT: Final = 760


@dataclass(frozen=True, slots=True)
class Page:
    """A complete HTML page: a notebook shows it in a frame, `write` saves it to a file."""

    text: str

    def write(self, file: str | Path) -> None:
        Path(file).write_text(self.text, encoding="utf-8")

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{html.escape(self.text)}" sandbox="allow-scripts" '
            f'style="width:100%;height:{_PAGE_HEIGHT}px;border:0"></iframe>'
        )


class Result:
    """A finished run. `report` is the complete content of `simulator run --json`; the methods select parts of it."""

    def __init__(
        self, record: RunRecord, report: schema.Report, rows: str | None = None, recordings: Sequence[str] = ()
    ) -> None:
        self.report = report
        self._recordings = recordings
        self._record = record
        self._rows = rows

    @property
    def passed(self) -> bool:
        """True if every check of the scenario passes."""
        return self.report.passed

    @property
    def verdict(self) -> VerdictPart:
        """What happened to which requests, why, and, after `run(what_ifs=N)`, what would have changed it.

        `verdict.text` has the sentences.
        """
        assert self.report.verdict is not None, "every run has a verdict"
        return self.report.verdict

    @property
    def notes(self) -> Sequence[str]:
        """Notes to read before the figures.

        First those about recordings, as `simulator run` prints them on standard error, such as gaps and rows out of
        order; then policies that cannot act here, and what an override by `policy` changes.
        """
        given = [f"{note.kind}: {note.service}: {note.text}" for note in self.report.notes]
        return [*(f"note: {text}" for text in self._recordings), *given]

    @property
    def figures(self) -> Mapping[str, Figure]:
        """The run as one row: requests, latency, errors, instances, USD. Names end with the unit."""
        return figures(self.report)

    def series(self, service: str | None = None, library: Library = "pandas") -> Any:
        """Return the service over time: a row per bin, which begins at `at_s`.

        `service` may be omitted if there is only one.
        """
        part = self._service(service).series
        columns: dict[str, Sequence[Any]] = {"at_s": [place * part.width_s for place in range(len(part.offered))]}
        columns |= {name: values for name, values in part if isinstance(values, list)}
        return frame(columns, library)

    def decisions(self, service: str | None = None, library: Library = "pandas") -> Any:
        """Return the decisions that changed the desired count: time, both counts, formula, reason and duration."""
        return _frame(self._service(service).decisions, DecisionPart, library, left_out={"inputs", "clamps"})

    def instance_events(self, service: str | None = None, library: Library = "pandas") -> Any:
        """Return every change of state of every instance."""
        return _frame(self._service(service).instance_events, schema.InstanceEventPart, library)

    def bill(self, service: str | None = None, library: Library = "pandas") -> Any:
        """Return what App Runner would charge for the run: a row per item of the bill."""
        return _frame(self._service(service).cost.run.lines, LinePart, library)

    def checks(self, library: Library = "pandas") -> Any:
        """Return the scenario's checks with the measured values."""
        return _frame(self.report.checks, schema.CheckPart, library)

    def requests(self, library: Library = "pandas") -> Any:
        """Return a row for every request. Raises ValueError unless the run kept them: `run(requests=True)`."""
        if self._rows is None:
            msg = "requests = not kept, must be requested: run(requests=True)"
            raise ValueError(msg)
        frame({}, library)  # raises the error that names the missing library
        if library == "arrow":
            from pyarrow import csv  # type: ignore[import-untyped]  # noqa: PLC0415 only here

            return csv.read_csv(io.BytesIO(self._rows.encode()))
        import pandas as pd  # noqa: PLC0415 only here

        return pd.read_csv(io.StringIO(self._rows))

    def why(self, moment: str | float, service: str | None = None) -> str:
        """Explain what the policy observed, computed, clamped and decided at a moment: `result.why("02:10")`.

        Raises:
            ValueError: for a moment outside the run, or an unknown service.
        """
        at_s = parse_moment(moment) if isinstance(moment, str) else float(moment)
        return "\n".join([*why(self.report, at_s, service), *losses_at(self.report, at_s, service)])

    def json(self) -> str:
        """Return the report, byte for byte as `simulator run --json` writes it."""
        return report_json(self.report)

    def page(self) -> Page:
        """Return the report with charts and a replay of the run, as `simulator run --html` writes it."""
        return Page(report_page(self.report, self._record))

    def _service(self, name: str | None) -> schema.ServicePart:
        names = [part.name for part in self.report.services]
        if name is None and len(names) == 1:
            return self.report.services[0]
        if name not in names:
            msg = f"service = {name!r}, must be {one_of(name, names)}"
            raise ValueError(msg)
        return self.report.services[names.index(name)]

    def __repr__(self) -> str:
        requests, run = self.report.requests, self.report.run
        verdict = "passed" if self.passed else "a check failed" if run.complete else "interrupted: not judged"
        return f"<Result {self.report.scenario.name}, seed {run.seed}: {requests.requests} requests, {verdict}>"

    def _repr_html_(self) -> str:
        return report_cell(self.report, self.notes)


def _frame(
    parts: Sequence[BaseModel], kind: type[BaseModel], library: Library, left_out: set[str] | None = None
) -> Any:
    names = [name for name in kind.model_fields if name not in (left_out or set())]
    return frame_of_rows((part.model_dump() for part in parts), names, library)
