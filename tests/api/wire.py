"""An API endpoint on loopback with a simulated workload, and boto3 as its client."""

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
    """Return an unmodified client. It does not retry, so that a test sees the first response."""
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
    """Run a blocking call of a client in a thread, because the endpoint uses this loop."""
    return await asyncio.to_thread(work, *arguments, **named)
