"""What things are: frozen values, every state machine as a table, units, refusals. No behaviour over time."""
