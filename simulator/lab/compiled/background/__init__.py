"""Background work of instances in the kernel: jobs that share the CPU with requests."""
