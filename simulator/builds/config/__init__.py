"""apprunner.yaml: its values, how it is read, hints for mistakes."""
