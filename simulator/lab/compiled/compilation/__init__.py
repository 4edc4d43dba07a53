"""How functions of the kernel are compiled: arrays by reference, and all functions of an entry point at once."""
