"""The state folder, and commands that read or change it."""
