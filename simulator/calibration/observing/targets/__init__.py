"""The targets of observations and the requests that they get: as a user writes them, and ready to be launched."""
