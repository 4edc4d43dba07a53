"""The request log as a CSV file, written during the run. A reader of the request log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TextIO

from simulator.records.request_log import Chunk, RuleNumbers

HEADER: Final = "source,intended_s,latency_s,queue_s,cold_s,service_s,status,instance,late_s,warm_up,blocked_by"


class RequestCsv:
    """Writes to `file`, which the caller opens and closes. Rows are in the order in which the requests ended.

    Times have a resolution of microseconds. `status` 0: no response; `instance` 0: none; `warm_up` 1: sent before
    `warm_up_s`, so the report's figures and checks exclude the request. `sources`: names that are written in place of
    source numbers. `blocked_by`: the rule of a web ACL that blocked the request, from `rules`; empty for most.
    """

    def __init__(
        self, file: TextIO, sources: Sequence[str], warm_up_s: float = 0.0, rules: RuleNumbers | None = None
    ) -> None:
        self._file = file
        self._warm_up_s = warm_up_s
        self._sources = tuple(_quoted(name) for name in sources)
        self._rules = RuleNumbers() if rules is None else rules
        file.write(HEADER + "\n")

    def read(self, chunk: Chunk) -> None:
        names = [_quoted(name) for name in self._rules.names]
        rows = zip(
            chunk.source.tolist(),
            chunk.intended_s.tolist(),
            chunk.latency_s.tolist(),
            chunk.queue_s.tolist(),
            chunk.cold_s.tolist(),
            chunk.service_s.tolist(),
            chunk.status.tolist(),
            chunk.instance.tolist(),
            chunk.late_s.tolist(),
            (chunk.intended_s < self._warm_up_s).tolist(),
            chunk.rule.tolist(),
            strict=True,
        )
        # The csv module takes twice as long, because it checks each field for quoting, which numbers never need.
        self._file.writelines(
            f"{self._sources[source]},{intended:.6f},{latency:.6f},{queue:.6f},{cold:.6f},{service:.6f},"
            f"{status},{instance},{late:.6f},{warm_up:d},{names[rule]}\n"
            for source, intended, latency, queue, cold, service, status, instance, late, warm_up, rule in rows
        )


def _quoted(name: str) -> str:
    """Quote a field according to RFC 4180."""
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',"\r\n') else name
