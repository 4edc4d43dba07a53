"""Web ACLs read from files that the user names, and the settings of a WAF endpoint that has further ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.control.web_acl_book import WebAclBook
    from simulator.rules.waf.web_acl import WebAcl


@dataclass(frozen=True, slots=True)
class WafSettings:
    """An endpoint of AWS WAF, its Region, and the seconds between two polls of it."""

    endpoint: str
    region: str
    interval_s: float

    def book(self, files: Mapping[str, WebAcl]) -> WebAclBook:
        """Return the web ACLs of the files and of the endpoint."""
        from simulator.control.web_acl_book import WebAclBook  # noqa: PLC0415 few configurations have an endpoint
        from simulator.control.web_acl_endpoint import WebAclEndpoint  # noqa: PLC0415
        from simulator.fleet.credentials.aws_endpoint import AwsEndpoint  # noqa: PLC0415

        endpoint = WebAclEndpoint(AwsEndpoint("wafv2", self.endpoint, self.region))
        return WebAclBook(files, endpoint, self.interval_s)


def load_web_acls(files: Sequence[Path]) -> Mapping[str, WebAcl]:
    """Return the web ACLs by ARN. Raises ValueError for a file that cannot be read or is invalid."""
    if not files:
        return {}
    import orjson  # noqa: PLC0415 few configurations have a web ACL

    from simulator.rules.waf.acl_documents import read_web_acls  # noqa: PLC0415

    documents = []
    for file in files:
        try:
            documents.append((str(file), orjson.loads(file.read_bytes())))
        except OSError as error:
            raise ValueError(f"{file}: {error.strerror}; must be a readable file") from error
        except orjson.JSONDecodeError as error:
            raise ValueError(f"{file}:{error.lineno}:{error.colno}: must be JSON: {error.msg}") from error
    return read_web_acls(documents)
