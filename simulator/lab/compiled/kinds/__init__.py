"""The kind of a request in the kernel: its work, and its number in the rows."""
