"""Worker pools: one port for local processes and a Dask cluster, and files of results from which a batch resumes."""
