"""Every shipped scenario, played whole in virtual time: twice the same bytes, and the headlines of its golden file.

The golden files beside this one say what each scenario shows, as numbers. A change of behaviour shows up in them as a
diff to be reviewed; `pytest tests/golden --remake` writes them again.
"""
