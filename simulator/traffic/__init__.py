"""Traffic: from the sources of a scenario to arrivals and clients, in virtual time or over sockets."""
