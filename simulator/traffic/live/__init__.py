"""The load client: real requests over real sockets, open and closed loop, sessions and retries."""

PUBLIC_MODULES = (
    "client",
    "closed",
    "load",
    "open",
    "request",
    "retry",
    "session",
    "settings",
    "summary",
    "values",
)
