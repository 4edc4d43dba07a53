"""The Universal Scalability Law: throughput of a system by its load, and its fit to measured throughputs."""
