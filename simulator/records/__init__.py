"""Records of a run: events, the journal, the request log and histograms. Reports are computed from them."""

PUBLIC_MODULES = (
    "background.background_stats",
    "concurrency_series",
    "downstream.downstream_stats",
    "evaluation_log",
    "events",
    "histogram",
    "instance_time",
    "journal",
    "metrics",
    "outcomes",
    "request_csv",
    "request_log",
    "request_stats",
    "request_trace",
    "rolling",
    "scale_out",
    "series",
)
