"""The difference of a model from the application that chance does not explain: its size, and its sentences."""
