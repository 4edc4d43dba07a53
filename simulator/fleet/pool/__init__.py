"""The requests of one service: slots, queue, time limits, idle instances that must wake, injected faults, ejection."""

PUBLIC_MODULES = (
    "fault_injection",
    "pool",
    "settings",
    "unavailable_upstream",
)
