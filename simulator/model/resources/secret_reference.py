"""References to secrets, as App Runner accepts them for environment variables (facts 8).

There are three forms: the ARN of a Secrets Manager secret, with or without `:json-key:version-stage:version-id` (empty
parts allowed); the ARN of an SSM parameter; the name of an SSM parameter in the service's Region.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

LENGTH_MAX: Final = 2048  # facts 1.6: a secret's reference is 1 to 2048 characters

_ARN_PARTS: Final = 7  # arn:partition:secretsmanager:region:account:secret:name
_SELECTOR_PARTS: Final = 3
_HEAD: Final = re.compile(r"^arn:aws[a-z-]*:(secretsmanager|ssm):[a-z0-9-]+:[0-9]{12}:")
_SECRET: Final = re.compile(r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}$")
_PARAMETER: Final = re.compile(r"^arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9_./-]+$")
_NAME: Final = re.compile(r"^[A-Za-z0-9_./-]+$")


class SecretReference(NamedTuple):
    """A secret of Secrets Manager. `json_key` selects a member of its JSON object; if it is empty, the whole secret is
    used.
    """

    arn: str
    json_key: str = ""
    version_stage: str = ""
    version_id: str = ""

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]


class ParameterReference(NamedTuple):
    """A parameter of SSM, given by its ARN or its name."""

    name: str

    @property
    def region(self) -> str:
        """The Region of an ARN; empty for a name, which refers to the service's Region."""
        return self.name.split(":")[3] if self.name.startswith("arn:") else ""


Reference = SecretReference | ParameterReference


def parse_reference(text: str) -> Reference:
    """Parse a reference.

    Raises:
        ValueError: if `text` has none of the three forms.
    """
    if len(text) <= LENGTH_MAX:
        if not text.startswith("arn:") and _NAME.match(text):
            return ParameterReference(text)
        if _PARAMETER.match(text):
            return ParameterReference(text)
        parts = text.split(":")
        arn, selector = ":".join(parts[:_ARN_PARTS]), parts[_ARN_PARTS:]
        if _HEAD.match(text) and _SECRET.match(arn) and len(selector) in {0, _SELECTOR_PARTS}:
            return SecretReference(arn, *selector)
    msg = (
        f"secret = {text[:120]!r}, must be the ARN of a secret, with or without :json-key:version-stage:version-id, "
        "the ARN of an SSM parameter, or the name of one"
    )
    raise ValueError(msg)
