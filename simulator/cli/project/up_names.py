"""The host names of `simulator up`, and the message if the application rejects them.

Projects often accept Host fields below `.awsapprunner.com` (Django's ALLOWED_HOSTS, Rails' `config.hosts`), because App
Runner's URLs match it. So the service also has such a name, which a client can be configured to resolve to this
machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simulator.edge.access_log_entry import AccessLogEntry
from simulator.edge.live.front import Front
from simulator.edge.live.service_host import REGION
from simulator.platform.service_workload import LOCAL_DOMAIN, local_host

_ANSWERS: Final = 3  # if all of them are rejected; a single rejection may be an error of the client
_REJECTED: Final = 400


def hosts_of(name: str) -> tuple[str, str, str]:
    """Return a service's short name on this machine, its name on App Runner, and the local form of the latter."""
    app_runners = f"{name}.{REGION}.awsapprunner.com"
    return f"{name}{LOCAL_DOMAIN}", app_runners, local_host(app_runners)


def names_text(name: str, front: Front) -> tuple[str, str]:
    """Return the address, and a command for the service's name on App Runner that can be copied."""
    local, app_runners, _ = hosts_of(name)
    root, port = front.root_certificate, front.https_port
    resolved = f"--resolve {app_runners}:{port}:127.0.0.1"
    return (
        f"{front.url(local)}  (root certificate: {root})",
        f"  with App Runner's name: curl --cacert {root} {resolved} {front.url(app_runners)}",
    )


class FirstAnswers:
    """Prints a message if the first responses of the application are all 400.

    Pass `hear` to `Front.observe_access_log`.
    """

    def __init__(self, name: str, front: Front, tell: Callable[[str], None]) -> None:
        self._name = name
        self._front = front
        self._tell = tell
        self._answers = 0

    def hear(self, entry: AccessLogEntry) -> None:
        if entry.begun_s < 0:
            return  # not a response of the application
        self._answers += 1
        if entry.status == _REJECTED and self._answers < _ANSWERS:
            return
        self._front.observe_access_log(None)
        if entry.status != _REJECTED:
            return
        local, app_runners, _ = hosts_of(self._name)
        self._tell(
            f"[AppRunner] The first {_ANSWERS} answers are all 400. An application that accepts some hosts only "
            f"(Django's ALLOWED_HOSTS, Rails' config.hosts) has to accept {local}; one that accepts .awsapprunner.com "
            f"answers as {app_runners}:"
        )
        self._tell(names_text(self._name, self._front)[1])
