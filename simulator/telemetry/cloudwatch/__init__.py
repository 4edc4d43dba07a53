"""CloudWatch as App Runner writes to it: its nine metrics by the minute, and its log groups and streams.

On the way: a meter closes minutes into data points, the service's lines become log events, both wait in bounded
outboxes, and a courier each carries what is due to an endpoint that somebody has set.
"""
