"""Amazon resource names of App Runner's resources (facts 1.5)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple, Self

SERVICE: Final = "service"
CONNECTION: Final = "connection"
AUTO_SCALING: Final = "autoscalingconfiguration"
OBSERVABILITY: Final = "observabilityconfiguration"
VPC_CONNECTOR: Final = "vpcconnector"
VPC_INGRESS: Final = "vpcingressconnection"

KINDS: Final = (SERVICE, CONNECTION, AUTO_SCALING, OBSERVABILITY, VPC_CONNECTOR, VPC_INGRESS)

DEFAULT_CONFIGURATION: Final = "DefaultConfiguration"
DEFAULT_CONFIGURATION_ID: Final = "00000000000000000000000000000001"

_ARN: Final = re.compile(
    r"^arn:aws(?:-\w+)*:apprunner:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):(?P<kind>[a-z]+)/(?P<path>[\w/-]+)\Z"
)
_REVISED: Final = frozenset({AUTO_SCALING, OBSERVABILITY, VPC_CONNECTOR})  # name/revision/id; other kinds: name/id
_REVISION: Final = re.compile(r"^[1-9][0-9]{0,8}\Z")


class Arn(NamedTuple):
    """An ARN of App Runner. In a partial ARN, `.../name` or `.../name/revision`, `revision` and `resource_id` may be
    None.
    """

    region: str
    account: str
    kind: str
    name: str
    revision: int | None = None
    resource_id: str | None = None

    def __str__(self) -> str:
        path = "/".join(str(part) for part in (self.name, self.revision, self.resource_id) if part is not None)
        return f"arn:aws:apprunner:{self.region}:{self.account}:{self.kind}/{path}"

    @property
    def owner_key(self) -> str:
        return owner_key_of(self.account, self.region)

    @property
    def is_partial(self) -> bool:
        return self.resource_id is None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a full or partial ARN.

        Raises:
            ValueError: if `text` is not the ARN of an App Runner resource.
        """
        match = _ARN.match(text)
        if match is None or match["kind"] not in KINDS:
            raise ValueError(_unlike(text))
        kind, parts = match["kind"], match["path"].split("/")
        place = (match["region"], match["account"], kind)
        if "" in parts or len(parts) > (3 if kind in _REVISED else 2):
            raise ValueError(_unlike(text))
        if kind not in _REVISED:
            return cls(*place, parts[0], None, parts[1] if len(parts) == 2 else None)
        if len(parts) == 1:
            return cls(*place, parts[0])
        if not _REVISION.match(parts[1]):
            raise ValueError(_unlike(text))
        return cls(*place, parts[0], int(parts[1]), parts[2] if len(parts) == 3 else None)


def owner_key_of(account: str, region: str) -> str:
    """Return the key under which the resources of an account in one Region are stored."""
    return f"{account}/{region}"


def _unlike(text: str) -> str:
    return f"{text[:200]!r} is not an ARN of an App Runner resource"
