"""What the pages of the laboratory have in common: their style, their template engine and their charts."""
