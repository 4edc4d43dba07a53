"""The answer of a comparison or a sweep: which alternative is best, by how much, and how certain that is, in words."""

PUBLIC_MODULES = ("alternatives", "answer", "differences", "markdown", "parts", "sentences")
