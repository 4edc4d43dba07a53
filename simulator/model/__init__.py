"""Domain values: frozen dataclasses, state machines as tables, units and error responses. No behaviour over time."""
