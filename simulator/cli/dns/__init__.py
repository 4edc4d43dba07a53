"""Host names of services: records in the DNS of `simulator serve`, and lines of a hosts file."""
