"""The instances of one service and their requests: pool (slots, queue), replicas and their health, autoscaler."""

PUBLIC_MODULES = (
    "autoscaler",
    "fault_injection",
    "pool",
    "replica_set",
    "settings",
    "unavailable_upstream",
)
