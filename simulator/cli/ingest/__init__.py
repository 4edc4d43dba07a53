"""The verb that imports recorded traffic."""
