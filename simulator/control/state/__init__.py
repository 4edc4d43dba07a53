"""The state of the control plane: the registry in memory, the store in one SQLite file, and log entries."""

PUBLIC_MODULES = (
    "identifiers",
    "log_entries",
    "registry",
    "serialization",
    "state_file",
    "store",
    "store_file",
    "store_lock",
    "write_buffer",
)
