"""Credentials for pulls: the access role is assumed at STS, and ECR issues registry credentials to it (facts 7)."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from simulator.fleet.credentials.assumed_role import NoCredentialsError, ask, assume_role
from simulator.fleet.registries.registry_client import Login
from simulator.fleet.registries.registry_map import RegistryPlace
from simulator.model.images import ImageIdentifier, RegistryKind

# ASSUMPTION: the session name that App Runner uses is not published. Settled by an AssumeRole event of CloudTrail.
SESSION_NAME: Final = "apprunner-image-pull"


async def log_in(place: RegistryPlace, identifier: ImageIdentifier, role: str | None) -> Login | None:
    """Return the registry credentials of a service with this access role; None if the registry needs none.

    Raises:
        NoCredentialsError: if the role cannot be assumed, or ECR issues no credentials.
    """
    own = Login(place.username, place.password) if place.username else None
    if identifier.registry is RegistryKind.ECR_PUBLIC or (place.sts is None and place.ecr is None):
        return own  # ECR Public needs no role (facts 7)
    session, credentials, region, about = _session(), None, identifier.region, role or "the registry"
    if place.sts is not None:
        if role is None:
            raise NoCredentialsError("the service has no access role", is_denied=True)
        credentials = await assume_role(session, place.sts, region, role, SESSION_NAME)
    if place.ecr is None:
        return own
    answer = await ask(
        session, "ecr", place.ecr, region, "get_authorization_token", {}, about=about, credentials=credentials
    )
    try:
        return Login.of_token(str(answer["authorizationData"][0]["authorizationToken"]))
    except (LookupError, ValueError) as error:
        raise NoCredentialsError(f"{place.ecr} gives no authorization token for {about}") from error


@cache
def _session() -> Any:
    """Return one shared session: it caches the service models, which take a second to read."""
    from aiobotocore.session import get_session  # noqa: PLC0415 half a second of import for who needs it

    return get_session()
