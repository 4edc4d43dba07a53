"""Converts a request to the validated inputs of a stack: template, values of parameters, tags and capabilities."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from simulator.control.stacks.stack_book import invalid_call
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.stack import StackInputs, StackResource
from simulator.rules.cloudformation.accepted_types import ALWAYS_ACCEPTED
from simulator.rules.cloudformation.stack_plan import nearest_type, unsupported
from simulator.rules.cloudformation.template import Template
from simulator.rules.cloudformation.template_error import TemplateError
from simulator.rules.cloudformation.template_parameters import parameter_values

Request = dict[str, Any]

_TAGS_MAX: Final = 50
_BYTES_MAX: Final = 51_200
# Members that are added to a request: the template at its TemplateURL, and the values of parameters of SSM.
FETCHED_TEMPLATE: Final = "FetchedTemplate"
FETCHED_PARAMETERS: Final = "FetchedParameters"


def template_text(request: Request, stack: StackResource | None) -> str:
    """Return the text of the request's template, or the stack's current one. Raises ValidationError."""
    if request.get("UsePreviousTemplate"):
        if stack is None or not stack.inputs.template:
            raise invalid_call("UsePreviousTemplate cannot be specified without a previous template.")
        return stack.inputs.template
    if FETCHED_TEMPLATE in request:
        return str(request[FETCHED_TEMPLATE])
    text: str = request.get("TemplateBody", "")
    if not text:
        raise invalid_call("Either Template URL or Template Body must be specified.")
    if len(text.encode()) > _BYTES_MAX:
        raise invalid_call(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
            f"length less than or equal to {_BYTES_MAX}"
        )
    return text


def parsed(text: str) -> Template:
    """Return the parsed template. Raises ValidationError with AWS's text about the error."""
    try:
        return Template.parse(text)
    except TemplateError as error:
        raise invalid_call(str(error)) from error


def stored_names(request: Request, stack: StackResource | None) -> list[str]:
    """Return the names of the SSM parameters whose values the request's template needs. Raises ApiError."""
    template = parsed(template_text(request, stack))
    if not any(each.is_stored for each in template.parameters.values()):
        return []
    values = _values(template, request, stack)
    return list(dict.fromkeys(values[name] for name, each in template.parameters.items() if each.is_stored))


def stack_inputs(request: Request, stack: StackResource | None, accepted: Collection[str]) -> StackInputs:
    """Return the inputs of a creation, or of an update of `stack`. `accepted`: types that have no effect.

    Raises:
        ApiError: ValidationError, or InsufficientCapabilitiesException.
    """
    text = template_text(request, stack)
    template = parsed(text)
    strange = unsupported(template, ALWAYS_ACCEPTED.union(accepted))
    if strange:
        raise invalid_call(
            f"Template format error: Unrecognized resource types: [{', '.join(strange)}]",
            "the simulator has App Runner's types; `cloudformation: {accept: [TYPE]}` of serve accepts others without "
            f"effect{''.join(nearest_type(each) for each in strange[:1])}",
        )
    before = stack.inputs if stack is not None else StackInputs("")
    values = _values(template, request, stack)
    capabilities = tuple(request.get("Capabilities", ()))
    _check_capabilities(template, capabilities)
    return StackInputs(
        text,
        values,
        _tags(request) if "Tags" in request else before.tags,
        capabilities,
        request.get("RoleARN", before.role_arn),
        tuple(request.get("NotificationARNs", before.notifications)),
        tuple(name for name, each in template.parameters.items() if each.no_echo),
        _resolved(template, values, request.get(FETCHED_PARAMETERS, {})),
    )


def _values(template: Template, request: Request, stack: StackResource | None) -> dict[str, str]:
    given, kept = {}, []
    for each in request.get("Parameters", ()):
        name = each.get("ParameterKey", "")
        if each.get("UsePreviousValue"):
            kept.append(name)
        else:
            given[name] = each.get("ParameterValue", "")
    before = stack.inputs.parameters if stack is not None else {}
    try:
        return parameter_values(template.parameters, given, kept, before)
    except TemplateError as error:
        raise invalid_call(str(error)) from error


def _resolved(template: Template, values: Mapping[str, str], fetched: Mapping[str, str | None]) -> dict[str, str]:
    """Return the values of the parameters of SSM types. Raises ValidationError for those that SSM does not have."""
    wanted = {name: values[name] for name, each in template.parameters.items() if each.is_stored}
    missing = [text for text in dict.fromkeys(wanted.values()) if fetched.get(text) is None]
    if missing:
        raise invalid_call(
            f"Unable to fetch parameters [{','.join(missing)}] from parameter store for this account.",
            "`aws: {secrets_file: FILE}` or `aws: {endpoint: URL}` of serve has them",
        )
    return {name: str(fetched[text]) for name, text in wanted.items()}


def _check_capabilities(template: Template, given: Collection[str]) -> None:
    needed = template.capabilities()
    if not needed or "CAPABILITY_NAMED_IAM" in given:
        return
    if needed[0] not in given:
        raise ApiError("InsufficientCapabilitiesException", f"Requires capabilities : [{needed[0]}]")


def _tags(request: Request) -> dict[str, str]:
    tags: dict[str, str] = {}
    for each in request["Tags"]:
        key = each["Key"]
        if key in tags:
            raise invalid_call(f"Duplicate tag key: {key}")
        if key.startswith("aws:"):
            raise invalid_call("aws: prefixed tag key names are not allowed for external use.")
        tags[key] = each.get("Value", "")
    if len(tags) > _TAGS_MAX:
        raise invalid_call(f"{len(tags)} tags, must be at most {_TAGS_MAX}.")
    return tags
