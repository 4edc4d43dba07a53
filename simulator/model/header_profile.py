"""The choice of the header fields that the load balancer adds to requests and responses."""

from __future__ import annotations

from enum import StrEnum


class Profile(StrEnum):
    """A set of header fields that the load balancer adds to requests and responses."""

    APP_RUNNER = "app-runner"  # the headers of App Runner's Envoy
    PLAIN = "plain"  # Forwarded, Via and X-Forwarded-*, without Envoy's headers
