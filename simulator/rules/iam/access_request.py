"""One question to the policies: may the caller do this to that resource?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from simulator.rules.iam.text_pattern import Context

EVERY_RESOURCE: Final = "*"  # of an action without resource types


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """`action` such as apprunner:DescribeService; `context` has the condition keys, in lower case, with their values.

    A key with several values, or none, has a tuple of that length.
    """

    action: str
    resource: str = EVERY_RESOURCE
    context: Context = field(default_factory=dict)

    @classmethod
    def of(cls, action: str, resource: str, keys: Mapping[str, str | Iterable[str]]) -> Self:
        """Build a request from condition keys in any case; a text is one value."""
        context = {key.lower(): (values,) if isinstance(values, str) else tuple(values) for key, values in keys.items()}
        return cls(action, resource, context)
