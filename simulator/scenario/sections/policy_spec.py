"""The policy of a service in a scenario file: `policy: knative` or `policy: {name: knative, window: 60s}`.

The accepted keys come from the policy registry: each field of a policy's frozen parameter class is a key (`window_s:
float` is `window`, a duration), so a new policy or parameter needs no change here. A field that is a tuple is a list in
the file; a tuple of frozen dataclasses is a list of sections, made by the same rule: `schedule: [{at: 8h, instances:
5}, ...]`.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Mapping
from types import GenericAlias, MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeVar, get_args, get_origin, get_type_hints

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    GetPydanticSchema,
    TypeAdapter,
    ValidationInfo,
    create_model,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticKnownError
from pydantic_core.core_schema import with_info_plain_validator_function

from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.model.text.problems import one_of
from simulator.rules.policies.port import Actuator
from simulator.rules.policies.port import Policy as ScalingPolicy
from simulator.rules.policies.registry import POLICIES, PolicyKind
from simulator.scenario.sections.base_model import Bandwidth, Count, Duration, Flag, Number, Rate, Section, Size

DEFAULT_POLICY: Final = "app-runner"

# Types of numbers in the file, by the suffix of the parameter.
_QUANTITIES: Final[Mapping[str, Any]] = MappingProxyType(
    {"_s": Duration, "_rps": Rate, "_bytes": Size, "_bytes_per_second": Bandwidth}
)

SectionT = TypeVar("SectionT", bound=Section)


class PolicySpec(Section):
    """Base class of all policy sections; the subclasses for the registry's kinds are made below."""

    kind: ClassVar[PolicyKind]

    name: str

    @classmethod
    def kind_named(cls, name: str) -> type[Section]:
        return section_of(name) or cls

    def check(self) -> None:
        """Raise ValueError if the policy's own class rejects the parameters."""
        _ = self.parameters

    def __reduce__(self) -> Any:
        """Pickle by the name of the policy, because the class of the section is made on demand in each process."""
        name = self.kind.name
        if POLICIES.get(name) is self.kind:
            return _unpickled_policy, (name, self.__getstate__())
        if name in POLICIES and type(self) is _activating_section(name):
            return _unpickled_activating_policy, (name, self.__getstate__())
        return super().__reduce__()

    @property
    def parameters(self) -> Any:
        """Return the policy's own frozen parameter value, an instance of `kind.parameters`."""
        fields = type(self).model_fields
        return self.kind.parameters(
            **{field: _plain_value(getattr(self, field)) for field in fields if field != "name"}
        )

    def sized(self, size: InstanceSize) -> Any:
        """Return the parameters. Unless the file sets them, utilization is a share of the instance's own vCPUs and
        memory.
        """
        parameters = self.parameters
        of_size = {"vcpus": size.vcpu, "memory_gb": size.memory_gb}
        own = {name: value for name, value in of_size.items() if hasattr(parameters, name)}
        unset = {name: value for name, value in own.items() if name not in self.model_fields_set}
        return dataclasses.replace(parameters, **unset) if unset else parameters

    def actuator(self, scaling: AutoScalingConfiguration) -> Actuator:
        """Return the actuator with which the platform of this policy carries out decisions."""
        return self.kind.build(self.parameters, scaling).actuator

    @property
    def needs(self) -> frozenset[str]:
        """The signals that the policy needs in addition to the usual metrics (rules/policies: PolicyKind.needs)."""
        return self.kind.needs(self.parameters)


class ItemSpec(Section):
    """An item of a list among a policy's parameters; the subclasses are made below."""

    made: ClassVar[type]

    def __reduce__(self) -> Any:
        """Pickle by the class of the item's value, from which the class of the section is made on demand."""
        return _unpickled_item, (self.made, self.__getstate__())

    @property
    def value(self) -> Any:
        """Return the frozen value of the policy's own class, an instance of `made`."""
        return self.made(**{field: _plain_value(getattr(self, field)) for field in type(self).model_fields})

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Validate the item with its own class, so that an error is reported at the item.

        Raises:
            ValueError: if the class rejects the values.
        """
        _ = self.value
        return self


def policy_named(name: str) -> PolicySpec:
    """Return the policy `name` with its defaults.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in POLICIES:
        msg = f"policy = {name!r}, must be {one_of(name, POLICIES)}"
        raise ValueError(msg)
    return _section_named(name).model_validate({"name": name})


def policy_of(kind: PolicyKind, given: Mapping[str, Any] = MappingProxyType({})) -> PolicySpec:
    """Return a policy of a kind that is not in the registry. `given` are parameters as in a scenario file."""
    return _spec_of(kind).model_validate({"name": kind.name, **given})


def activating_policy(policy: PolicySpec) -> PolicySpec:
    """Return the same policy of the registry with an actuator that distinguishes busy and idle instances."""
    given = policy.model_dump(by_alias=True, exclude={"name"}, exclude_unset=True)
    return _activating_section(policy.kind.name).model_validate({"name": policy.name, **given})


def section_of(name: object) -> type[PolicySpec] | None:
    """Return the section of the policy `name`, or None."""
    return _section_named(name) if isinstance(name, str) and name in POLICIES else None


@functools.cache
def _section_named(name: str) -> type[PolicySpec]:
    """Return the section of a policy in the registry; its class is made on first use."""
    return _spec_of(POLICIES[name])


@functools.cache
def _activating_section(name: str) -> type[PolicySpec]:
    """Return the section of a policy in the registry whose actuator distinguishes busy and idle instances."""
    kind = POLICIES[name]
    accepted, build = kind.parameters, kind.build

    def activating(parameters: Any, scaling: AutoScalingConfiguration) -> ScalingPolicy:
        made = build(parameters, scaling)
        made.actuator = dataclasses.replace(made.actuator, activates=True)
        return made

    return _spec_of(dataclasses.replace(kind, load=lambda: (accepted, activating)))


def _unpickled_activating_policy(name: str, state: dict[Any, Any]) -> PolicySpec:
    return _with_state(_activating_section(name), state)


def _unpickled_policy(name: str, state: dict[Any, Any]) -> PolicySpec:
    return _with_state(_section_named(name), state)


def _unpickled_item(made: type, state: dict[Any, Any]) -> ItemSpec:
    section: type[ItemSpec] = _item_type(made)
    return _with_state(section, state)


def _with_state(section: type[SectionT], state: dict[Any, Any]) -> SectionT:
    made = section.__new__(section)
    made.__setstate__(state)
    return made


def _value_type(field: str, annotation: Any) -> Any:
    """Return the type of a parameter in the file, from the name and the type of the field."""
    if type(None) in get_args(annotation):
        given = next(kind for kind in get_args(annotation) if kind is not type(None))
        return _value_type(field, given) | None
    if get_origin(annotation) is tuple:
        return GenericAlias(tuple, (_item_type(get_args(annotation)[0]), ...))
    if annotation is float:
        return next((kind for suffix, kind in _QUANTITIES.items() if field.endswith(suffix)), Number)
    return {int: Count, bool: Flag}.get(annotation, annotation)


@functools.cache
def _item_type(item: Any) -> Any:
    """Return the type of a list item in the file: a section for a dataclass, otherwise the plain value."""
    if not dataclasses.is_dataclass(item):
        return _value_type("", item)
    assert isinstance(item, type)
    about = (item.__doc__ or item.__name__).partition("\n")[0]
    spec = create_model(f"{item.__name__}ItemSpec", __base__=ItemSpec, __doc__=about, **_fields_of(item))
    spec.made = item
    return spec


def _spec_of(kind: PolicyKind) -> type[PolicySpec]:
    """Return the section of one policy, from the fields of its parameter class."""
    fields: dict[str, Any] = {"name": (Literal[kind.name], Field(description=kind.summary))}
    title = "".join(part.capitalize() for part in kind.name.split("-")) + "PolicySpec"
    spec = create_model(title, __base__=PolicySpec, __doc__=kind.summary, **fields, **_fields_of(kind.parameters))
    spec.kind = kind
    return spec


def _fields_of(parameters: type) -> dict[str, Any]:
    """Return the fields of a section, from those of a frozen dataclass."""
    hints = get_type_hints(parameters)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(parameters):
        described = field.metadata.get("description", field.name.replace("_", " "))
        fields[field.name] = (_value_type(field.name, hints[field.name]), _field_with_default(field, described))
    return fields


def _plain_value(value: Any) -> Any:
    """Convert the value of a section's field to the value that the policy's own class has."""
    if isinstance(value, tuple):
        return tuple(_plain_value(item) for item in value)
    return value.value if isinstance(value, ItemSpec) else value


def _field_with_default(field: dataclasses.Field[Any], description: str) -> Any:
    if field.default is not dataclasses.MISSING:
        return Field(default=field.default, description=description)
    if field.default_factory is not dataclasses.MISSING:
        return Field(default_factory=field.default_factory, description=description)
    return Field(description=description)


def _bare_name_has_defaults(data: object) -> object:
    return {"name": data} if isinstance(data, str) else data


def _policy(value: object, info: ValidationInfo) -> PolicySpec:
    """Validate with the section that `name` selects, with the errors of a union discriminated by `name`."""
    if isinstance(value, PolicySpec):
        return value
    if not isinstance(value, Mapping):
        raise PydanticKnownError("model_attributes_type")
    if "name" not in value:
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'name'"})
    section = section_of(value["name"])
    if section is None:
        tags = ", ".join(f"'{name}'" for name in POLICIES)
        context = {"discriminator": "'name'", "tag": str(value["name"]), "expected_tags": tags}
        raise PydanticKnownError("union_tag_invalid", context)
    return section.model_validate(value, context=info.context)


def _schema_of_all(_core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    """Return the JSON Schema of the union of all policies' sections."""
    union: Any = functools.reduce(operator.or_, map(_section_named, POLICIES))
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[union, Field(discriminator="name")])
    return handler(adapter.core_schema)


Policy = Annotated[
    PolicySpec,
    GetPydanticSchema(lambda _source, _handler: with_info_plain_validator_function(_policy), _schema_of_all),
    BeforeValidator(_bare_name_has_defaults),
]
"""For the type checker a PolicySpec; for pydantic the section in the registry that `name` selects."""
