"""The instances of one service: their number, start, health and idle state, and the autoscaler."""

PUBLIC_MODULES = (
    "autoscaler",
    "instance_launch",
    "replica_set",
    "zones",
)
