"""Resources of the control-plane API as values: their names, states as tables, configuration, quotas."""
