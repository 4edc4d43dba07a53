"""Text from and for users: YAML documents with positions, problems of a file, quantities with units, safe output."""
