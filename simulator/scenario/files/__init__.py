"""Files that a scenario names: where they may be, and the rows of data files."""

PUBLIC_MODULES = ("data_file", "named_file")
