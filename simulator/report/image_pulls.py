"""The report's part about image pulls: how much the instances of a service pulled, and how long they waited for it."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from simulator.model.text.field_docstrings import DescribedModel
from simulator.records.events import ImagePulled


class ImagePullsPart(DescribedModel):
    """The image pulls of a service's instances, warm-up included."""

    service: str
    instances: int
    """Instances whose image was ready; those whose machine had it already included."""
    cached: int
    """Of these, instances whose machine had the whole image."""
    pulled_bytes: int
    """Compressed bytes that machines pulled."""
    cached_bytes: int
    """Compressed bytes that machines had already."""
    took_s_median: float
    """Median time until the image was ready, over all instances."""
    took_s_max: float


def image_pull_parts(pulls: Iterable[ImagePulled]) -> list[ImagePullsPart]:
    """Return the part of each service with pulls, in the order of their first pulls."""
    of_service: dict[str, list[ImagePulled]] = {}
    for pull in pulls:
        of_service.setdefault(pull.service, []).append(pull)
    return [_part(service, each) for service, each in of_service.items()]


def _part(service: str, pulls: list[ImagePulled]) -> ImagePullsPart:
    pulled = sum(pull.pulled_bytes for pull in pulls)
    return ImagePullsPart(
        service=service,
        instances=len(pulls),
        cached=sum(pull.pulled_bytes == 0 for pull in pulls),
        pulled_bytes=pulled,
        cached_bytes=sum(pull.size_bytes for pull in pulls) - pulled,
        took_s_median=median(pull.took_s for pull in pulls),
        took_s_max=max(pull.took_s for pull in pulls),
    )
