"""Access logs of servers and load balancers."""
