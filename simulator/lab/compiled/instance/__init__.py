"""One instance in the kernel: the arrays with its settings, and plays of its requests without a platform."""

PUBLIC_MODULES = (
    "instance_play",
    "world",
)
