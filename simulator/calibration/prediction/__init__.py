"""Predictions from a calibrated model, at rates, sizes and settings that were not measured, with intervals.

objectives.py        the text of an SLO -> checks
settings.py          the service and the run that a prediction is about
model_scenario.py    model and settings -> the scenario of a run
draws.py             which member of the model plays with which seed
runs.py              plays a draw and reads its figures
usage_meter.py       CPU and requests in progress of a run
interval.py          the figures of the draws -> value, interval, share of the parameters
extrapolation.py     what lies beyond the observation
sensitivity.py       which parameters the interval comes from
prediction.py        the result
predict.py           predictions at given rates, and of a scenario
capacity.py          the highest rate that meets the SLO
tables.py, output.py the result as text, and as JSON and rows
"""

PUBLIC_MODULES = (
    "capacity",
    "draws",
    "interval",
    "model_scenario",
    "objectives",
    "output",
    "predict",
    "prediction",
    "runs",
    "sensitivity",
    "settings",
    "tables",
    "usage_meter",
)
