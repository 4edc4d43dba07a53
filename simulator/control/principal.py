"""The caller of the control-plane API: the result of authentication, and what an audit record needs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """One authenticated call. `account` (12 digits) and `region` isolate resources; `request_id` is in the response."""

    account: str
    region: str
    access_key: str
    request_id: str
    source_ip: str
    user_agent: str
