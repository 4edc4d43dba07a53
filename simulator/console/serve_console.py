"""The console of a simulator that serves, on the event loop of the platform, which is in real time and has sockets."""

from __future__ import annotations

from typing import Any, Final, Self

from simulator.assembly.serving import Serving
from simulator.console.http.guard import HOST, RequestGuard
from simulator.console.http.server import Site
from simulator.console.http.sse_hub import SseHub
from simulator.console.live.commands import (
    CommandHandler,
    CommandRejected,
    OperationName,
    ScalingCommand,
    parse_command,
)
from simulator.console.live.serve_view_model import ServeViewModel
from simulator.console.live.snapshot_publisher import SnapshotPublisher
from simulator.console.web_app import build_app
from simulator.control.principal import Principal
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.arn import Arn
from simulator.rules.pricing import Rates

_OPERATIONS: Final[dict[OperationName, str]] = {
    "deploy": "StartDeployment",
    "pause": "PauseService",
    "resume": "ResumeService",
}
_NAME_MAX: Final = 32  # of an auto scaling configuration


class ServeConsole:
    """The console of `simulator serve`, an async context manager. Raises OSError if the port is not available.

    `rates`: the prices of all services; None uses those of each service's Region.
    """

    def __init__(self, serving: Serving, port: int, rates: Rates | None = None) -> None:
        self._serving = serving
        self._guard = RequestGuard()
        self._hub = SseHub()
        self._view_model = ServeViewModel(serving, rates)
        command_handler = CommandHandler(serving.platform, operate=self._operate, configure=self._configure)
        self._show = SnapshotPublisher(
            self._view_model, command_handler, None, lambda: self._hub.present > 0, self._hub.spread
        )
        self._site = Site(build_app(self, self._hub, self._guard), self._guard, port)

    async def __aenter__(self) -> Self:
        await self._site.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._hub.close()
        await self._site.close()

    @property
    def url(self) -> str:
        return self._guard.url()

    # --- called by the web server ----------------------------------------------------------------------------------

    async def hello(self) -> bytes:
        self._show.publish_now()
        return self._show.hello()

    async def act(self, body: bytes) -> str:
        return self._show.command_handler.act(parse_command(body))

    def report(self) -> str | None:
        """Return None: serving has no end, and so no report."""
        return None

    # --- commands that call the API --------------------------------------------------------------------------------

    def _operate(self, what: OperationName, name: str) -> str:
        arn = self._arn(name)
        self._call(arn, _OPERATIONS[what], ServiceArn=arn)
        return f"{name}: {_OPERATIONS[what]}"

    def _configure(self, act: ScalingCommand) -> str:
        """Create a new revision of a configuration and update the service to it, like a client of the API."""
        arn, now = self._arn(act.service), self._serving.platform.services[act.service].pool.scaling
        wanted = {
            "MaxConcurrency": now.max_concurrency if act.max_concurrency is None else act.max_concurrency,
            "MinSize": now.min_size if act.min_size is None else act.min_size,
            "MaxSize": now.max_size if act.max_size is None else act.max_size,
        }
        name = f"console-{act.service}"[:_NAME_MAX]
        made = self._call(arn, "CreateAutoScalingConfiguration", AutoScalingConfigurationName=name, **wanted)
        configuration = made["AutoScalingConfiguration"]["AutoScalingConfigurationArn"]
        self._call(arn, "UpdateService", ServiceArn=arn, AutoScalingConfigurationArn=configuration)
        return f"{act.service}: {', '.join(f'{key} {value}' for key, value in wanted.items())}"

    def _arn(self, name: str) -> str:
        resource = self._view_model.resource(name)
        if resource is None:
            raise CommandRejected(f"service = {name!r}, must be one that the API knows")
        return resource.arn

    def _call(self, arn: str, operation: str, **request: Any) -> dict[str, Any]:
        place = Arn.parse(arn)
        caller = Principal(place.account, place.region, "CONSOLE", "console", HOST, "apprunner-simulator-console")
        try:
            return self._serving.plane.calls.call(caller, operation, request)
        except ApiError as error:
            raise CommandRejected(f"{error.code}: {error.explained}") from error
