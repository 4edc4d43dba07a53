"""The skill: a text that teaches an agent which questions to ask, in the format that agents read."""

PUBLIC_MODULES = ("skill",)
