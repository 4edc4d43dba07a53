"""Sizes of instances: what a platform offers, the size that a service is moved to, and what that changes."""

PUBLIC_MODULES = (
    "instance_hour",
    "moved_size",
    "sizes",
)
