"""The wire of the control-plane API: AWS JSON 1.0 over HTTP, its schema and its signatures, for unmodified clients."""
