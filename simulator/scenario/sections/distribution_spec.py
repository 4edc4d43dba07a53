"""A distribution in a scenario file: `80ms`, `{exponential: 80ms}`, `{lognormal: {mean: 80ms, sd: 20ms}}`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from simulator.scenario.sections.base_model import DURATION_PATTERN, Duration, Number, PositiveDuration, Section, key_of
from simulator.world import distributions


class UniformSpec(Section):
    """A uniform distribution between two times."""

    low_s: Duration
    """The shortest time."""
    high_s: Duration
    """The longest time, not less than `low`."""


class LogNormalSpec(Section):
    """A log-normal distribution, given by `mean` and `sd` or by `median` and `p95`."""

    mean_s: PositiveDuration | None = None
    """The mean; requires `sd`."""
    sd_s: Duration | None = None
    """The standard deviation; requires `mean`."""
    median_s: PositiveDuration | None = None
    """The median; requires `p95`."""
    p95_s: PositiveDuration | None = None
    """The 95th percentile, not less than the median."""


class GammaSpec(Section):
    """A gamma distribution, given by its mean and standard deviation."""

    mean_s: PositiveDuration
    """The mean."""
    sd_s: PositiveDuration
    """The standard deviation."""


class WeibullSpec(Section):
    """A Weibull distribution; a shape below 1 has a heavy tail."""

    shape: Number = Field(gt=0)
    """The shape; 1 is the exponential distribution."""
    scale_s: PositiveDuration
    """The scale: the 63.2 % quantile."""


class HyperexponentialSpec(Section):
    """Two exponential phases with balanced means: more variable than the exponential distribution."""

    mean_s: PositiveDuration
    """The mean."""
    cv2: Number = Field(ge=1)
    """The squared coefficient of variation, at least 1."""


class ParetoSpec(Section):
    """A Pareto distribution: a few times are very long. Given by its shape and its mean or its shortest time."""

    shape: Number = Field(gt=1)
    """The tail index, above 1 (its mean is infinite otherwise); the smaller, the heavier the tail."""
    mean_s: PositiveDuration | None = None
    """The mean."""
    scale_s: PositiveDuration | None = None
    """The shortest time, in place of the mean."""


class DistributionSpec(Section):
    """The distribution of a time: a duration (constant), or one named distribution."""

    model_config = ConfigDict(json_schema_extra={"maxProperties": 1, "minProperties": 1})

    constant_s: Duration | None = None
    """Always this time."""
    uniform: UniformSpec | None = None
    """Uniform between two times."""
    exponential_s: Duration | None = None
    """Memoryless, with this mean."""
    lognormal: LogNormalSpec | None = None
    """Log-normal, by mean and sd or by median and p95."""
    gamma: GammaSpec | None = None
    """Gamma, by mean and sd."""
    weibull: WeibullSpec | None = None
    """Weibull, by shape and scale."""
    hyperexponential: HyperexponentialSpec | None = None
    """Two exponential phases, by mean and cv2."""
    pareto: ParetoSpec | None = None
    """Pareto, by shape and mean or scale."""
    empirical: tuple[Duration, ...] | None = Field(default=None, min_length=1)
    """One of these times, all equally likely."""

    @model_validator(mode="before")
    @classmethod
    def _bare_duration_is_constant(cls, data: Any) -> Any:
        return data if isinstance(data, Mapping | DistributionSpec) else {"constant": data}

    @model_validator(mode="after")
    def _is_one_law(self) -> DistributionSpec:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            known = ", ".join(field.alias or name for name, field in type(self).model_fields.items())
            msg = f"law = {', '.join(map(key_of, given)) or 'none'}, must be one duration or exactly one of {known}"
            raise ValueError(msg)
        distribution_of(self)
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        section = handler.resolve_ref_schema(super().__get_pydantic_json_schema__(core_schema, handler))
        bare: JsonSchemaValue = {"type": "string", "pattern": DURATION_PATTERN, "description": "Always this time."}
        described = {"description": section.pop("description", "")}
        return described | {"anyOf": [bare, {"const": 0}, section]}

    @cached_property
    def distribution(self) -> distributions.Distribution:
        """Return the distribution, in seconds."""
        return distribution_of(self)


def distribution_of(spec: DistributionSpec) -> distributions.Distribution:  # noqa: PLR0911 - one return per law is the table
    """Return the distribution that `spec` names. The section has validated that exactly one is set."""
    if spec.constant_s is not None:
        return distributions.Constant(spec.constant_s)
    if spec.uniform is not None:
        return distributions.Uniform(spec.uniform.low_s, spec.uniform.high_s)
    if spec.exponential_s is not None:
        return distributions.Exponential(spec.exponential_s)
    if spec.lognormal is not None:
        return _log_normal(spec.lognormal)
    if spec.gamma is not None:
        return distributions.Gamma(spec.gamma.mean_s, spec.gamma.sd_s)
    if spec.weibull is not None:
        return distributions.Weibull(spec.weibull.shape, spec.weibull.scale_s)
    if spec.hyperexponential is not None:
        return distributions.Hyperexponential(spec.hyperexponential.mean_s, spec.hyperexponential.cv2)
    if spec.pareto is not None:
        return _pareto(spec.pareto)
    return distributions.Empirical(spec.empirical or ())


def _log_normal(spec: LogNormalSpec) -> distributions.LogNormal:
    given = {name for name in ("mean_s", "sd_s", "median_s", "p95_s") if getattr(spec, name) is not None}
    if given == {"mean_s", "sd_s"}:
        return distributions.LogNormal.of_mean(spec.mean_s or 0, spec.sd_s or 0)
    if given == {"median_s", "p95_s"}:
        return distributions.LogNormal.of_median(spec.median_s or 0, spec.p95_s or 0)
    msg = "lognormal = mixed, must be given by mean and sd, or by median and p95"
    raise ValueError(msg)


def _pareto(spec: ParetoSpec) -> distributions.Pareto:
    if (spec.mean_s is None) == (spec.scale_s is None):
        msg = "pareto = unclear, must be given by shape and one of mean and scale"
        raise ValueError(msg)
    if spec.scale_s is not None:
        return distributions.Pareto(spec.shape, spec.scale_s)
    return distributions.Pareto.of_mean(spec.shape, spec.mean_s or 0)


NOTHING: Final = DistributionSpec.model_construct(constant_s=0.0)


def log_normal_spec(median_s: float, p95_s: float) -> DistributionSpec:
    """Return the section of a log-normal distribution with this median and 95th percentile."""
    return DistributionSpec.model_construct(lognormal=LogNormalSpec.model_construct(median_s=median_s, p95_s=p95_s))
