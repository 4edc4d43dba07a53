"""The live view: a run or a server as frames, events and commands."""

PUBLIC_MODULES = (
    "commands",
    "serve_view_model",
    "snapshot_publisher",
    "watched_run",
)
