"""The state folder, and the commands that read or change it."""
