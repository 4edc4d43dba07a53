"""CloudWatch as App Runner writes to it: its nine metrics, once a minute, and its log groups and streams.

Data flow: an aggregator converts each finished minute to data points, and the log lines of services become log events.
Both wait in bounded send queues; each queue has a batch sender, which sends due items to the endpoint in the settings.
"""

PUBLIC_MODULES = (
    "cpu_readings",
    "exporter",
    "namespace",
    "platform_view",
    "settings",
)
