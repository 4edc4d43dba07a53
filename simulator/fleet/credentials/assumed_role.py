"""STS AssumeRole at a configured endpoint: temporary credentials of a role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

ROLE_SESSION_LENGTH_MAX: Final = 64  # a limit of STS


class NoCredentialsError(Exception):
    """An endpoint rejected the request for credentials, or did not answer; see the message.

    `is_denied`: True if it answered with an error, so the role is wrong or may not be assumed.
    """

    def __init__(self, message: str, *, is_denied: bool = False) -> None:
        super().__init__(message)
        self.is_denied = is_denied


async def assume_role(session: Any, endpoint: str, region: str, role: str, name: str) -> Mapping[str, Any]:
    """Return the `Credentials` of STS's answer. `session`: a session of aiobotocore. `name`: name of the role session.

    Raises:
        NoCredentialsError: if STS issues none.
    """
    answer = await ask(
        session, "sts", endpoint, region, "assume_role", {"RoleArn": role, "RoleSessionName": name}, about=role
    )
    given: Mapping[str, Any] = answer["Credentials"]
    return given


async def ask(
    session: Any,
    service: str,
    endpoint: str,
    region: str,
    call: str,
    request: Mapping[str, Any],
    *,
    about: str,
    credentials: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """Call an AWS API and return its answer. `about`: the purpose of the call, for error messages. `credentials`: those
    of `assume_role`; None: botocore's usual sources.

    Raises:
        NoCredentialsError: if the endpoint answers with an error or cannot be reached.
    """
    from aiobotocore.config import AioConfig  # noqa: PLC0415 half a second of import for who needs it
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    keys = {}
    if credentials is not None:
        keys = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }
    try:
        async with session.create_client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            config=AioConfig(connect_timeout=5, read_timeout=10, retries={"max_attempts": 1}),
            **keys,
        ) as client:
            answer: Mapping[str, Any] = await getattr(client, call)(**request)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "an error")
        raise NoCredentialsError(f"{endpoint} answers {code} for {about}", is_denied=True) from None
    except (BotoCoreError, OSError) as error:
        raise NoCredentialsError(f"{endpoint} cannot be reached: {type(error).__name__}") from None
    return answer
