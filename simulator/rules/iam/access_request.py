"""The question that policies answer: may the caller perform this action on this resource?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from simulator.rules.iam.text_pattern import Context

EVERY_RESOURCE: Final = "*"  # the resource of an action without resource types


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """An action on a resource, such as apprunner:DescribeService, and the request's condition keys.

    `context` maps each condition key, in lower case, to a tuple of its values, of which there may be none or several.
    """

    action: str
    resource: str = EVERY_RESOURCE
    context: Context = field(default_factory=dict)

    @classmethod
    def of(cls, action: str, resource: str, keys: Mapping[str, str | Iterable[str]]) -> Self:
        """Build a request from condition keys in any case; a string is a single value."""
        context = {key.lower(): (values,) if isinstance(values, str) else tuple(values) for key, values in keys.items()}
        return cls(action, resource, context)
