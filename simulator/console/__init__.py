"""The console: the live view of a run and its report as text. It reads data; it neither decides nor measures."""
