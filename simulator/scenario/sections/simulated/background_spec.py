"""The section `application.simulated.background`: the work of an instance beside its requests."""

from __future__ import annotations

from pydantic import Field, model_validator

from simulator.scenario.sections.base_model import PositiveDuration, Section, Share
from simulator.scenario.sections.distribution_spec import DistributionSpec


class BackgroundSpec(Section):
    """Work of an instance beside its requests: jobs, one after the other. Give either `every` or `after_requests`."""

    cpu: DistributionSpec
    """CPU time of a job. Jobs and requests share the instance's vCPUs."""
    every_s: PositiveDuration | None = None
    """A job is due at this interval from the end of the start-up on. It is missed while the previous one is unfinished.
    """
    after_requests: Share | None = Field(default=None, gt=0)
    """Share of the answered requests after which a job is due."""

    @model_validator(mode="after")
    def _is_due_in_one_way(self) -> BackgroundSpec:
        if (self.every_s is None) == (self.after_requests is None):
            given = "both" if self.every_s is not None else "neither"
            msg = f"job = {given} of every and after_requests, must be due at an interval or after requests"
            raise ValueError(msg)
        return self
