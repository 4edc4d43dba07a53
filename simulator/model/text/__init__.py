"""Text from and for people: YAML documents with positions, problems of a file, quantities with units, safe output."""
