"""An API endpoint on loopback with a simulated workload behind it, and boto3 in front."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from simulator.assembly.control_plane import ControlPlane

T = TypeVar("T")

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def boto3_client(
    plane: ControlPlane, *, key: str = KEY, secret: str = SECRET, region: str = "us-east-1", **more: Any
) -> Any:
    """An unmodified client. It tries once, so that a test sees the first answer."""
    return boto3.client(
        "apprunner",
        endpoint_url=plane.url,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        verify=str(plane.root_certificate) if plane.root_certificate else None,
        **more,
    )


async def elsewhere(work: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """A blocking call of a client, in a thread: the endpoint answers on this loop."""
    return await asyncio.to_thread(work, *arguments, **named)
