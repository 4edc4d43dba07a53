"""The calibrated model: its value, its file, and its text as a scenario."""

PUBLIC_MODULES = (
    "calibrated_model",
    "model_file",
    "scenario_text",
)
