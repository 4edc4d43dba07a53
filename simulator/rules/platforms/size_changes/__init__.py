"""The effects of the size that a platform gives to instances: CPU, the time of CPU work, and the price of an hour."""

PUBLIC_MODULES = (
    "instance_hour",
    "moved_size",
)
