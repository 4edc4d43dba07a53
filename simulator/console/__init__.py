"""The console: the live view of a run, and its report as text. It only reads and presents data."""

PUBLIC_MODULES = (
    "batch_progress",
    "http.feed_client",
    "lesson_console",
    "lessons.text",
    "progress",
    "report.checks_text",
    "report.html",
    "report.text",
    "run_console",
    "serve_console",
    "sparkline",
    "top_view",
)
