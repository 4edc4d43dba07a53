"""The load client: real requests over real sockets, open and closed loop, sessions and retries."""
