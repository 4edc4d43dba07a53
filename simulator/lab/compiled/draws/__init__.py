"""Random draws of the kernel as rows of an array."""
