"""The search of a tuning: explores the space, compares the best settings, and judges the choice on other days."""

PUBLIC_MODULES = ("choice", "exploration", "judging")
