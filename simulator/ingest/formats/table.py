"""The table of formats, in the order in which a file is compared with them."""

from __future__ import annotations

from typing import Final

from simulator.ingest.format import Format
from simulator.ingest.formats.datasets.azure_functions import (
    AZURE_FUNCTIONS_2019,
    AZURE_FUNCTIONS_2019_DURATIONS,
    AZURE_FUNCTIONS_2021,
)
from simulator.ingest.formats.datasets.azure_llm import AZURE_LLM
from simulator.ingest.formats.datasets.huawei import HUAWEI_2023, HUAWEI_2025
from simulator.ingest.formats.datasets.ibm import IBM_CODE_ENGINE, IBM_OBJECT_STORE
from simulator.ingest.formats.datasets.worldcup98 import WORLDCUP98
from simulator.ingest.formats.logs.alb import ALB
from simulator.ingest.formats.logs.common_log import COMMON_LOG
from simulator.ingest.formats.logs.envoy import ENVOY
from simulator.ingest.formats.logs.haproxy import HAPROXY
from simulator.ingest.formats.logs.json_log import (
    CADDY_JSON,
    ENVOY_JSON,
    K6_JSON,
    NGINX_JSON,
    SIMULATOR_JSON,
    TRAEFIK_JSON,
    VEGETA_JSON,
)
from simulator.ingest.formats.logs.w3c_log import W3C_LOG
from simulator.ingest.formats.metrics.cloudwatch import CLOUDWATCH_CSV, CLOUDWATCH_JSON
from simulator.ingest.formats.results.gatling_binary import GATLING_BINARY
from simulator.ingest.formats.results.har import HAR
from simulator.ingest.formats.results.load_tools import GATLING_LOG, GOREPLAY, LOCUST_HISTORY
from simulator.ingest.formats.results.reports import ARTILLERY_REPORT, K6_SUMMARY
from simulator.ingest.formats.results.result_tables import HEY_CSV, JMETER_JTL, SIMULATOR_REQUESTS
from simulator.ingest.formats.results.spans import JAEGER_SPANS, OTLP_SPANS
from simulator.ingest.formats.results.vegeta import VEGETA_CSV, VEGETA_GOB
from simulator.ingest.input_file import InputFile
from simulator.model.text.problems import one_of

FORMATS: Final = (
    AZURE_FUNCTIONS_2019,
    AZURE_FUNCTIONS_2019_DURATIONS,
    AZURE_FUNCTIONS_2021,
    AZURE_LLM,
    HUAWEI_2023,
    HUAWEI_2025,
    IBM_CODE_ENGINE,
    IBM_OBJECT_STORE,
    WORLDCUP98,
    ALB,
    ENVOY,
    HAPROXY,
    W3C_LOG,
    COMMON_LOG,
    SIMULATOR_JSON,
    ENVOY_JSON,
    NGINX_JSON,
    CADDY_JSON,
    TRAEFIK_JSON,
    VEGETA_JSON,
    VEGETA_GOB,
    VEGETA_CSV,
    K6_JSON,
    K6_SUMMARY,
    ARTILLERY_REPORT,
    JMETER_JTL,
    HEY_CSV,
    SIMULATOR_REQUESTS,
    LOCUST_HISTORY,
    GATLING_LOG,
    GATLING_BINARY,
    GOREPLAY,
    CLOUDWATCH_JSON,
    CLOUDWATCH_CSV,
    OTLP_SPANS,
    JAEGER_SPANS,
    HAR,
)
FORMAT_NAMES: Final = tuple(each.name for each in FORMATS)


def format_of(file: InputFile) -> Format:
    """Return the format that a file has by its content.

    Raises:
        ScenarioError: if it has none of them.
    """
    found = next((each for each in FORMATS if each.recognises(file)), None)
    if found is None:
        line = file.first_lines[0]
        shown = repr(line[:80]) if line.isprintable() else "bytes that are not text"
        raise file.problem(1, "file", shown, f"in a known format: {', '.join(FORMAT_NAMES)}")
    return found


def format_named(name: str) -> Format:
    """Return the format of that name.

    Raises:
        ValueError: if the name is unknown.
    """
    for each in FORMATS:
        if each.name == name:
            return each
    raise ValueError(f"--format = {name!r}, must be {one_of(name, FORMAT_NAMES)}")
