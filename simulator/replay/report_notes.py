"""The notes of a report: what has to be known about its policies before any figure means something."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from simulator.replay.policy_fit import PolicyNote


class NotePart(BaseModel):
    """What has to be known about a policy before its figures mean anything; not part of the digest."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    service: str
    policy: str
    kind: Literal["cannot act", "limited", "baseline", "brought"]
    """Cannot act: no load makes it scale out in this scenario. Brought: what belongs to the policy's platform."""
    text: str
    """One sentence."""


def note_parts(notes: Iterable[PolicyNote]) -> list[NotePart]:
    """In the order given, the gravest first."""
    return [NotePart(service=note.service, policy=note.policy, kind=note.kind.value, text=note.text) for note in notes]
