"""The requests of one service: slots, queue, time limits, idle instances that must wake, injected faults, ejection."""

PUBLIC_MODULES = (
    "fault_injection",
    "pool",
    "response_counts",
    "settings",
    "unavailable_upstream",
)
