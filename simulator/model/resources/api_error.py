"""An error response of the control-plane API, with AWS's error code.

Validation, the signature check and the operations raise it; only the endpoint converts it to bytes. The HTTP status
follows from the code, as in the service model and in AWS's list of common errors (facts 1.2).
"""

from types import MappingProxyType

_STATUS_OF_CODE = MappingProxyType(
    {
        "AccessDenied": 403,
        "AccessDeniedException": 403,
        "ChangeSetNotFound": 404,
        "ExpiredTokenException": 403,
        "IncompleteSignatureException": 403,
        "InternalFailure": 500,
        "InternalServiceErrorException": 500,
        "InvalidSignatureException": 403,
        "MissingAuthenticationTokenException": 403,
        "RequestEntityTooLargeException": 413,
        "RequestTimeoutException": 408,
        "ServiceUnavailableException": 503,
        "UnknownOperationException": 404,
        "UnrecognizedClientException": 403,
    }
)
_STATUS_OF_OTHERS = 400
_MESSAGE_LENGTH_MAX = 600  # maximum length of ErrorMessage in the service model (facts 1.1)


class ApiError(Exception):
    """One error response.

    `code` is the name of the exception that the client raises, `message` has at most 600 characters, `status` is the
    HTTP status. `hint` adds information that AWS does not give, such as the services that use a resource. It is not
    part of `message`, because clients compare the message with AWS's text.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        self.code = code
        self.message = _shortened(message)
        self.hint = hint
        super().__init__(f"{code}: {self.explained}")

    @property
    def explained(self) -> str:
        """The message, followed by the hint in parentheses if there is one."""
        return _shortened(f"{self.message} ({self.hint})") if self.hint else self.message

    @property
    def status(self) -> int:
        return _STATUS_OF_CODE.get(self.code, _STATUS_OF_OTHERS)

    @property
    def is_fault(self) -> bool:
        """True for a server error (5xx), which clients retry."""
        return self.status >= 500


def _shortened(text: str) -> str:
    return text if len(text) <= _MESSAGE_LENGTH_MAX else text[: _MESSAGE_LENGTH_MAX - 3] + "..."
