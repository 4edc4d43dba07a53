"""The load client: sends real requests over real sockets, with open and closed sources, sessions and retries."""

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
