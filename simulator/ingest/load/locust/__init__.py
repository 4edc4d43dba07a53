"""Locustfiles: users, their tasks and waits, and load shapes, read from the text; nothing of a file is executed."""
