"""Verification: held-out loads are played live, and the measured figures are compared with the predicted ones.

bounds.py            the bounds of a verification: within a share of the prediction, or inside its interval
live_load.py         plays a load against instances of the service and reads its figures
metrics_check.py     compares the metrics of the real service with the model, without playing it live
same_arrivals.py     the model's play of the arrivals of a live run
verification.py      the result
verify.py            predicts and plays every load
tables.py, output.py the result as text, and as JSON, rows and JUnit XML
"""

PUBLIC_MODULES = (
    "bounds",
    "metrics_check",
    "output",
    "tables",
    "verification",
    "verify",
)
