"""What the control plane keeps: the registry in memory, the store in one SQLite file, entries of logs."""
