"""The answers that an Application Load Balancer gives itself, in place of those of App Runner's load balancer.

Statuses: Elastic Load Balancing user guide, load-balancer-troubleshooting (read). 502: the target rejected or closed
the connection, sent an invalid response, or still had the request at the end of its deregistration delay. 503: no
target is registered. 504: no connection within ten seconds, or no byte within the idle time-out. 408: the client sent
no byte within it. 460: the client closed its connection; the status exists in logs and metrics only.

ASSUMPTION: the bodies, a page of HTML with the reason phrase (memory); one failed request settles them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from simulator.model import rejection as rejections
from simulator.model.rejection import Rejection

_PHRASES: Final[Mapping[int, str]] = MappingProxyType(
    {
        408: "Request Time-out",
        502: "Bad Gateway",
        503: "Service Temporarily Unavailable",
        504: "Gateway Time-out",
    }
)
_STATUSES: Final[Mapping[str, int]] = MappingProxyType(
    {
        rejections.UNAVAILABLE.name: 503,
        rejections.TIMEOUT.name: 504,
        rejections.CLIENT_SILENT.name: 408,
        rejections.CONNECT_FAILURE.name: 502,
        rejections.CONNECT_TIMEOUT.name: 504,
        rejections.TERMINATED.name: 502,
        rejections.BAD_ANSWER.name: 502,
        rejections.CLIENT_GONE.name: rejections.CLIENT_LEFT_ALB,
    }
)


def load_balancer_answer(rejection: Rejection) -> Rejection:
    """Return the rejection as clients of an Application Load Balancer get it; others than its own are unchanged."""
    status = _STATUSES.get(rejection.name)
    if status is None:
        return rejection
    phrase = _PHRASES.get(status)
    if phrase is None:
        return rejection._replace(status=status)
    title = f"{status} {phrase}"
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n"
        f"<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return rejection._replace(status=status, body=body, fields=(("content-type", "text/html"),))
