"""A service of `simulator serve` with a simulated application, and requests to it over TLS."""

from __future__ import annotations

import http.client
import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from tests.cli.platform.test_serve import Served
from tests.control.api_stage import IMAGE


@dataclass
class Asked:
    """The service `name` of a simulator that has just been started."""

    served: Served
    state: Path
    name: str = "hello"

    def __post_init__(self) -> None:
        assert self.served.process.stdout is not None
        line = next(line for line in self.served.process.stdout if line.startswith("services at"))
        found = re.search(r"localhost:(\d+)", line)
        assert found
        self.port = int(found[1])
        made = self.served.client.create_service(ServiceName=self.name, SourceConfiguration=IMAGE)["Service"]
        self.arn, url = made["ServiceArn"], made["ServiceUrl"]
        self.host = url.replace(".awsapprunner.com", ".awsapprunner.localhost")
        while self.served.client.describe_service(ServiceArn=self.arn)["Service"]["Status"] != "RUNNING":
            assert self.served.process.poll() is None

    def get(self, path: str = "/", **fields: str) -> http.client.HTTPResponse:
        """Return the complete answer."""
        context = ssl.create_default_context(cafile=self.state / "ca" / "root.pem")
        context.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)
        connection.request("GET", path, headers={"host": self.host, **fields})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer
