"""apprunner.yaml: its values, reading it, and hints for mistakes."""
