"""The live view: frames and events of a run or a server, and commands to it."""

PUBLIC_MODULES = (
    "commands",
    "serve_view_model",
    "snapshot_publisher",
    "watched_run",
)
