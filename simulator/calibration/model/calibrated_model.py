"""A calibrated model: the simulated application that was fitted to observations, with what is known about its accuracy.

It is the content of a `.model.json` file (model_file.py). Names end with units; `null` means unknown or unlimited, as
the field says. An `application` is plain data with the keys that the section `application` of a scenario file has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from simulator.model.sizes import InstanceSize
from simulator.scenario.sections.base_model import Section

MODEL_VERSION: Final = 1

Known = Literal["fitted", "measured", "given", "unknown"]
FigureName = Literal["throughput_rps", "error_share", "mean_s", "p50_s", "p95_s", "p99_s", "cpu_s", "memory_bytes"]
Application = Mapping[str, Any]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class ModelPart(Section):
    """A part of a calibrated model; the docstring under a field is its description in the schema."""

    model_config = ConfigDict(alias_generator=None, allow_inf_nan=False)


class ModelParameter(ModelPart):
    """A parameter of the model with its interval."""

    name: str = Field(min_length=1)
    """What it is, such as `mean CPU time of GET /` or `workers`."""
    unit: Literal["", "s", "bytes", "share"]
    """Unit of the numbers; empty for counts and ratios."""
    value: float | None
    """The best value. Null: no limit, or nothing is known."""
    low: float | None
    """Lower end of the 95 % interval. Null: unknown."""
    high: float | None
    """Upper end of the 95 % interval. Null: no limit, or unknown."""
    how: Known
    """fitted: found by comparing the model with the observation. measured: read from the observation. given: stated by
    the user or by the limits in force. unknown: the data cannot tell.
    """
    key: tuple[str, ...] = ()
    """Keys that lead to it in `application`, such as `["simulated", "workers"]`; empty if it has no key of its own."""
    sentence: str = ""
    """How it was found, or why it is unknown."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        given = [each for each in (self.low, self.value, self.high) if each is not None]
        if given != sorted(given):
            msg = f"value = {self.value}, must be from low = {self.low} to high = {self.high}"
            raise ValueError(msg)
        return self


class ModelMember(ModelPart):
    """One of the models that the data allow."""

    weight: Positive
    """Its relative probability."""
    application: Application
    """The section `application` with its values."""


class ModelRoute(ModelPart):
    """A route of the observed requests, as the model plays it."""

    name: str = Field(min_length=1)
    """Method and path, such as `GET /items/{id}`."""
    method: str = Field(default="GET", pattern="^[A-Z]+$")
    """The method."""
    path: str = Field(pattern="^/")
    """The path that the scenario requests."""
    weight: Positive
    """Its share of the requests, relative to those of the other routes."""
    request_bytes: NotNegative = 0.0
    """Mean size of the body of a request."""
    response_bytes: NotNegative = 0.0
    """Mean size of the body of a response."""


class ComparedFigure(ModelPart):
    """A figure of a load stage: measured, and as the model has it."""

    name: FigureName
    """Which figure. `cpu_s` is CPU time per request."""
    measured: float
    """As observed."""
    modelled: float
    """As the model has it at the same load."""
    standard_error: NotNegative
    """Standard deviation that chance explains, in the measurement and in the run of the model."""

    @property
    def residual(self) -> float | None:
        """Return the difference in standard errors; None if there is no standard error."""
        return (self.measured - self.modelled) / self.standard_error if self.standard_error else None


class StageFit(ModelPart):
    """Measured and modelled figures of a load stage."""

    observation: Annotated[int, Field(ge=0)] = 0
    """Position of the observation among the files of `provenance`."""
    stage: Annotated[int, Field(ge=0)]
    """Number of the load stage."""
    rate_rps: NotNegative
    """Offered requests per second."""
    utilization: NotNegative | None = None
    """CPU time used, as a share of the instance's vCPUs. Null: unknown."""
    route: str = ""
    """Name of the route; empty for all requests."""
    figures: tuple[ComparedFigure, ...]
    """The compared figures."""


class GoodnessOfFit(ModelPart):
    """How well the model agrees with all figures that it was fitted to."""

    chi_square: NotNegative
    """Sum of the squared residuals, correlations between the figures considered."""
    degrees_of_freedom: Annotated[int, Field(ge=0)]
    """Number of figures less the number of fitted parameters."""
    p_value: Annotated[float, Field(ge=0, le=1)] | None
    """Probability of at least this difference if the model is right. Null: nothing is left to test."""


class UnloadedTimes(ModelPart):
    """Measured times of a route's requests that were sent one at a time, as quantiles: of n numbers, the k-th (from 1)
    is the quantile (k - 1/2) / n.
    """

    route: str = Field(min_length=1)
    """Name of the route."""
    count: Annotated[int, Field(ge=1)]
    """Number of requests."""
    cpu_s: tuple[NotNegative, ...] = ()
    """CPU time. Empty: not measured."""
    rest_s: tuple[NotNegative, ...] = ()
    """Latency without the CPU time and without the time for which the CPU quota stopped the request. Empty: unknown,
    because the CPU time is.
    """


class Fit(ModelPart):
    """The comparison of the model with the observation."""

    stages: tuple[StageFit, ...] = ()
    """Each load stage: all requests first, then each route."""
    goodness: GoodnessOfFit | None = None
    """The test of all of them. Null: the method of the calibration has none."""
    unloaded: tuple[UnloadedTimes, ...] = ()
    """Each route's requests without load; empty if none were observed."""


class StartUpStage(ModelPart):
    """A stage of the start of an instance."""

    name: str = Field(min_length=1)
    """pull, launch, listening, first healthy check, total, or wake."""
    count: Annotated[int, Field(ge=1)]
    """Number of observed starts."""
    median_s: NotNegative
    """Median time."""
    low_s: NotNegative | None = None
    """Lower end of the 95 % interval of the median. Null: too few starts."""
    high_s: NotNegative | None = None
    """Upper end of the 95 % interval of the median. Null: too few starts."""


class ModelSize(ModelPart):
    """An instance size that was observed."""

    cpu_units: Annotated[int, Field(gt=0)]
    """CPU units; 1024 are one vCPU."""
    memory_mb: Annotated[int, Field(gt=0)]
    """Memory in MB."""

    @property
    def value(self) -> InstanceSize:
        """Return the size as the platform has it."""
        return InstanceSize(self.cpu_units, self.memory_mb)


class ObservedRange(ModelPart):
    """The loads that the model was fitted to. Predictions beyond them are extrapolations."""

    rate_max_rps: NotNegative | None
    """Highest offered rate for one instance. Null: unknown."""
    throughput_max_rps: NotNegative | None = None
    """Highest rate of answers of one instance; a rejection is none. Null: unknown."""
    utilization_max: NotNegative | None = None
    """Highest use of the instance's vCPUs, as a share. Null: unknown."""
    in_flight_max: NotNegative | None = None
    """Highest mean number of requests in progress in one instance. Null: unknown."""
    max_concurrency: Annotated[int, Field(ge=1)] | None = None
    """MaxConcurrency during the observation. Null: unknown."""
    sizes: tuple[ModelSize, ...] = ()
    """The instance sizes that were observed; the first is that of the scenario."""


class ObservedFile(ModelPart):
    """A file that the model was fitted to."""

    name: str = Field(min_length=1)
    """Name of the file."""
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    """SHA-256 of its bytes."""


class Provenance(ModelPart):
    """The origin of the model."""

    files: tuple[ObservedFile, ...] = ()
    """The observations."""
    target: str = ""
    """What was observed."""
    method: str = ""
    """How the model was found, in a sentence."""
    made_at: str = ""
    """Date and time in ISO 8601."""
    simulator_version: str = ""
    """Version of the simulator that fitted the model."""
    seed: int = 0
    """Seed of the random numbers of the fit."""


class CalibratedModel(ModelPart):
    """A model of a user's service, fitted to observations."""

    version: Literal[1] = MODEL_VERSION
    """Version of the format."""
    name: str = Field(pattern="^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")
    """Name of the service in scenarios: lowercase letters, digits and hyphens."""
    application: Application
    """The section `application` of a scenario with the best values."""
    routes: tuple[ModelRoute, ...] = Field(min_length=1)
    """The mix of requests."""
    parameters: tuple[ModelParameter, ...]
    """The parameters with their intervals."""
    members: tuple[ModelMember, ...] = ()
    """Models that the data allow, for the intervals of predictions. Empty: intervals cannot be given."""
    fit: Fit = Fit.unchanged()
    """Measured and modelled figures."""
    client_s: NotNegative | None = None
    """Part of the median latency outside the instance, which the I/O time contains. Null: unknown."""
    start_up: tuple[StartUpStage, ...] = ()
    """The observed stages of the start of an instance."""
    observed: ObservedRange
    """The loads that were observed."""
    unknown: tuple[str, ...] = ()
    """Sentences: what the data cannot tell."""
    warnings: tuple[str, ...] = ()
    """Sentences: what makes the model less certain than its intervals say."""
    provenance: Provenance = Provenance.unchanged()
    """The origin of the model."""

    @property
    def size(self) -> InstanceSize:
        """Return the instance size of the observation; the default size if it is unknown."""
        return self.observed.sizes[0].value if self.observed.sizes else InstanceSize()

    def parameter(self, name: str) -> ModelParameter:
        """Return the parameter with this name.

        Raises:
            KeyError: if there is none.
        """
        for each in self.parameters:
            if each.name == name:
                return each
        raise KeyError(name)
