"""Maps the host of an image identifier to the registry that is used in place of ECR or ECR Public."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

from simulator.model.images import ImageIdentifier, RegistryKind

ALL: Final = "all"
PUBLIC: Final = "public.ecr.aws"
PATTERN: Final = re.compile(r"^[0-9*]{1,12}\.dkr\.ecr\.[a-z0-9*-]+\.amazonaws\.com(?:\.cn)?$")


@dataclass(frozen=True, slots=True)
class RegistryPlace:
    """A registry, and how access to it is obtained.

    `url`: its URL; a path in it is a prefix of all repository names. `sts`: endpoint at which the service's access role
    is assumed. `ecr`: endpoint that issues the registry's credentials, to the role if one is assumed. Without `ecr`,
    the credentials are `username` and `password`, if they are set.
    """

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    sts: str | None = None
    ecr: str | None = None

    def repository(self, identifier: ImageIdentifier) -> str:
        """Return the name of the identifier's repository in this registry."""
        return f"{urlsplit(self.url).path.strip('/')}/{identifier.repository}".lstrip("/")

    def engine_name(self, identifier: ImageIdentifier) -> str:
        """Return the name with which the engine pulls the repository: the registry's host, then the repository."""
        return f"{urlsplit(self.url).netloc}/{self.repository(identifier)}"


class RegistryMap:
    """Registries by host pattern.

    A pattern is `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, with `*` for any characters of account and Region, or
    `public.ecr.aws`, or `all`.

    Raises:
        ValueError: if a pattern is none of these.
    """

    def __init__(self, places: Mapping[str, RegistryPlace]) -> None:
        for name in places:
            check_host_pattern(name)
        # The most specific pattern first: the one with the most literal characters.
        self._places = sorted(places.items(), key=lambda each: (each[0] == ALL, each[0].count("*"), -len(each[0])))

    def __bool__(self) -> bool:
        return bool(self._places)

    def place(self, identifier: ImageIdentifier) -> RegistryPlace | None:
        """Return the registry of the identifier; None for an image of the engine, and for a host without a registry."""
        if identifier.registry is RegistryKind.LOCAL:
            return None
        host = identifier.host
        return next((place for name, place in self._places if name == ALL or fnmatchcase(host, name)), None)


NO_REGISTRIES: Final = RegistryMap({})


def check_host_pattern(name: str) -> None:
    """Raise ValueError unless `name` is a valid host pattern of a `RegistryMap`."""
    if name not in {ALL, PUBLIC} and not PATTERN.match(name):
        msg = (
            f"{name!r} is not a registry; write 111122223333.dkr.ecr.us-east-1.amazonaws.com, where * stands "
            f"for any characters of account or Region, {PUBLIC}, or {ALL}"
        )
        raise ValueError(msg)
