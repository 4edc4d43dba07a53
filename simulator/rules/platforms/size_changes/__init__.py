"""What it changes that a platform gives another size: CPU, the time of CPU work, and the price of an hour."""

PUBLIC_MODULES = (
    "instance_hour",
    "moved_size",
)
