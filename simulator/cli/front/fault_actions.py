"""The actions of the admin endpoint that `simulator fault` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from simulator.api.admin import AdminEndpoint
    from simulator.platform.faults.live_faults import LiveFaults
    from simulator.platform.platform import Platform
    from simulator.scenario.sections.fault_spec import FaultSpec

BEGIN: Final = "fault-begin"
LIST: Final = "fault-list"
END: Final = "fault-end"
_SOURCE: Final = "fault"  # names the text in errors


def parse_fault(text: str) -> FaultSpec:
    """Parse a fault in YAML.

    Raises:
        ValueError: with every problem of the text.
    """
    from pydantic import ValidationError  # noqa: PLC0415 few simulators have faults

    from simulator.scenario.document import parse_document  # noqa: PLC0415
    from simulator.scenario.problems import ScenarioError  # noqa: PLC0415
    from simulator.scenario.sections.fault_spec import FaultSpec  # noqa: PLC0415
    from simulator.scenario.validation.error_messages import explain  # noqa: PLC0415

    try:
        document = parse_document(text, _SOURCE)
        try:
            return FaultSpec.model_validate(document.data)
        except ValidationError as error:
            raise ScenarioError(explain(error, document, FaultSpec)) from error
    except ScenarioError as error:
        raise ValueError(str(error)) from error


class FaultActions:
    """The actions of the admin endpoint for faults at the services of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._faults: LiveFaults | None = None

    def add_to(self, admin: AdminEndpoint) -> None:
        admin.add(BEGIN, self._begin)
        admin.add(LIST, self._list)
        admin.add(END, self._end)

    def _live(self) -> LiveFaults:
        if self._faults is None:
            from simulator.platform.faults.live_faults import LiveFaults  # noqa: PLC0415 few simulators have faults

            self._faults = LiveFaults(self._platform)
        return self._faults

    def _begin(self, asked: dict[str, Any]) -> dict[str, Any]:
        number, said = self._live().begin(parse_fault(str(asked["fault"])))
        return {"number": number, "said": said}

    def _list(self, _asked: dict[str, Any]) -> dict[str, Any]:
        live = self._live()
        return {
            "faults": [
                {"number": fault.number, "said": fault.said, "remaining_s": live.remaining_s(fault)}
                for fault in live.active.values()
            ]
        }

    def _end(self, asked: dict[str, Any]) -> dict[str, Any]:
        live = self._live()
        numbers = list(live.active) if asked["number"] is None else [int(asked["number"])]
        return {"said": [live.end(number) for number in numbers]}
