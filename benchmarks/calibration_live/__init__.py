"""Twelve real applications that are observed, calibrated, and predicted at loads that were not observed."""
