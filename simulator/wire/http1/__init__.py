"""HTTP/1.x messages, without I/O: reads and writes heads, and determines, reads and writes bodies.

`grammar` has the patterns; `request` and `response` read heads and forward them, with `fields` for their fields;
`framing` determines the length of a body and `body` reads it; `reader` extracts requests from the bytes of a
connection; `local_replies` has the responses that the balancer generates itself; `trace_context` reads trace headers.
"""
