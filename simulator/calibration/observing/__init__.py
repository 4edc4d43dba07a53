"""Makes observations: plays levels of load against one instance of a service, in real or virtual time."""
