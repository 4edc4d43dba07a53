"""CloudWatch as App Runner writes to it: its nine metrics by the minute, and its log groups and streams.

Data flow: a meter closes minutes into data points, and the service's lines become log events. Both wait in bounded
send queues, each with a batch sender that sends what is due to the endpoint in the settings.
"""

PUBLIC_MODULES = (
    "exporter",
    "platform_view",
    "settings",
)
