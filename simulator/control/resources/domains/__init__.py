"""Custom domains: their operations, certificate validation records, and the way to ACTIVE."""
