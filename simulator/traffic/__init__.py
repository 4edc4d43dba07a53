"""Traffic: turns the sources of a scenario into arrivals, and into clients in virtual time or over sockets."""

PUBLIC_MODULES = (
    "clients",
    "demand",
    "export.k6",
    "live.client",
    "live.closed",
    "live.load",
    "live.open",
    "live.request",
    "live.retry",
    "live.session",
    "live.settings",
    "live.summary",
    "live.values",
    "live_overrides",
    "mean_work",
    "policy_fit",
    "request_choices",
    "shapes.arrivals",
    "shapes.curves",
    "traffic",
)
