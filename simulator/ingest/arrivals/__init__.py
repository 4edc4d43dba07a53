"""The arrivals of a recording: what they look like, and the model that describes them: replay, Poisson or MMPP."""
