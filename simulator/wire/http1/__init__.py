"""HTTP/1.x messages: heads are read strictly and written, bodies framed and read. No I/O."""
