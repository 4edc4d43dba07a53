"""Every shipped scenario, played completely in virtual time: the same bytes twice, and the figures of its golden file.

The golden files in this folder contain the main figures of each scenario. A change of behaviour appears in them as a
diff to be reviewed; `pytest tests/golden --remake` writes them again.
"""
