"""The access keys and roles in the configuration of `simulator serve`, and their reload."""
