"""Resources of the control-plane API as values: names, states as tables, configuration, quotas."""
