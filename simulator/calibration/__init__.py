"""Calibration: observes a service under load, fits a model of it, predicts from the model and verifies predictions."""

PUBLIC_MODULES = (
    "model.calibrated_model",
    "model.model_file",
    "model.scenario_text",
    "observation.observation",
    "observation.observation_file",
    "observation.tables",
    "observing.level",
    "observing.level_run",
    "observing.observed_service",
    "observing.observer",
    "observing.virtual",
    "prediction.capacity",
    "prediction.draws",
    "prediction.model_scenario",
    "prediction.objectives",
    "prediction.output",
    "prediction.predict",
    "prediction.prediction",
    "prediction.settings",
    "prediction.tables",
)
