"""Custom domains: their operations, certificate validation records, and their transitions to ACTIVE."""
