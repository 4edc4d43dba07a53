"""Image identifiers: those that App Runner accepts, and the image that each refers to, in the local engine or in a
registry.

An identifier of ECR or ECR Public is pulled from the registry that a setting maps it to. Without a setting it is looked
up among the local images: first by its full name, which `docker tag app:1
111122223333.dkr.ecr.us-east-1.amazonaws.com/app:1` assigns, then by the part without the registry (and, for ECR Public,
without its alias): `app:1`. Any other name is a name of the local engine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

IDENTIFIER_LENGTH_MAX: Final = 1024  # facts 1.6
DEFAULT_TAG: Final = "latest"

_PRIVATE: Final = re.compile(
    r"^(?P<host>(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)/(?P<rest>.+)$"
)
_PUBLIC: Final = re.compile(r"^(?P<host>public\.ecr\.aws)/(?P<alias>[^/\s]+)/(?P<rest>.+)$")
# A repository, then a tag, a digest or both, as defined by the OCI distribution specification.
_NAME: Final = re.compile(
    r"^[a-z0-9]+(?:(?:[._]|__|-+|/|:[0-9]+/)[a-z0-9]+)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$"
)
_ID: Final = re.compile(r"^(?:sha256:)?[0-9a-f]{12,64}$")


class RegistryKind(StrEnum):
    """The API's ImageRepositoryType; `LOCAL` is a name of the local engine, which App Runner does not have."""

    ECR = "ECR"
    ECR_PUBLIC = "ECR_PUBLIC"
    LOCAL = "LOCAL"


@dataclass(frozen=True, slots=True)
class ImageIdentifier:
    """An image identifier as the user wrote it.

    Raises:
        ValueError: if `text` is not a valid image name.
    """

    text: str

    def __post_init__(self) -> None:
        rest = self.rest
        if len(self.text) > IDENTIFIER_LENGTH_MAX or not (_NAME.match(rest) or (rest == self.text and _ID.match(rest))):
            msg = (
                f"image = {self.text[:80]!r}, must be a name such as app:1, "
                "111122223333.dkr.ecr.us-east-1.amazonaws.com/app:1 or public.ecr.aws/alias/app:1"
            )
            raise ValueError(msg)

    @property
    def registry(self) -> RegistryKind:
        if _PRIVATE.match(self.text):
            return RegistryKind.ECR
        return RegistryKind.ECR_PUBLIC if _PUBLIC.match(self.text) else RegistryKind.LOCAL

    @property
    def rest(self) -> str:
        """The identifier without the registry."""
        match = _PRIVATE.match(self.text) or _PUBLIC.match(self.text)
        return match["rest"] if match else self.text

    @property
    def host(self) -> str:
        """The host of ECR or ECR Public; empty for a name of the local engine."""
        match = _PRIVATE.match(self.text) or _PUBLIC.match(self.text)
        return match["host"] if match else ""

    @property
    def region(self) -> str:
        """The Region of ECR; empty for other registries."""
        match = _PRIVATE.match(self.text)
        return match["region"] if match else ""

    @property
    def account(self) -> str:
        """The account of ECR; empty for other registries."""
        match = _PRIVATE.match(self.text)
        return match["account"] if match else ""

    @property
    def repository(self) -> str:
        """The name of the repository in the registry, without tag and digest; for ECR Public with the alias."""
        match = _PUBLIC.match(self.text)
        name = self.rest.partition("@")[0]
        folder, slash, last = name.rpartition("/")
        alias = f"{match['alias']}/" if match else ""
        return alias + folder + slash + last.partition(":")[0]

    @property
    def reference(self) -> str:
        """The digest if it has one, otherwise the tag, or `latest` if it has neither."""
        name, _, digest = self.rest.partition("@")
        return digest or name.rpartition("/")[2].partition(":")[2] or DEFAULT_TAG

    @property
    def local_names(self) -> tuple[str, ...]:
        """Names to look up in the local engine, in this order; the first that exists is the image."""
        return tuple(dict.fromkeys((self.text, self.rest)))
