"""What the control plane keeps: the registry in memory, the store in one SQLite file, entries of logs."""

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
