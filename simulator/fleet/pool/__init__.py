"""The requests of one service: slots, queue, time limits, wakes of idle instances, injected faults, ejection."""

PUBLIC_MODULES = (
    "fault_injection",
    "pool",
    "settings",
    "unavailable_upstream",
)
