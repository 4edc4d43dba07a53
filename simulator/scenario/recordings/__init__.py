"""Recorded traffic: CSV files of counts or request times, read in bounded blocks."""
