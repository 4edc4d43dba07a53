"""The sections of a scenario file, as frozen values that validate themselves."""
