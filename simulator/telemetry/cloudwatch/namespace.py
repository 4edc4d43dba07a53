"""The namespace of App Runner's metrics in CloudWatch."""

from __future__ import annotations

from typing import Final

NAMESPACE: Final = "AWS/AppRunner"  # facts 11.2
