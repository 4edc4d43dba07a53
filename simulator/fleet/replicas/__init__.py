"""The instances of one service: how many there are, how each starts, its health and idleness, the autoscaler."""

PUBLIC_MODULES = (
    "autoscaler",
    "replica_set",
)
