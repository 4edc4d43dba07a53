"""The page of a calibration: measured and modelled curves, parameters, what is unknown, and what to measure next."""

PUBLIC_MODULES = (
    "accuracy",
    "charts",
    "curves",
    "html",
    "next_measurement",
    "summary",
    "unloaded_times",
)
