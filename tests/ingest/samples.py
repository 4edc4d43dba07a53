"""A small file in each format that is imported, as bytes by the name of the format."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Final

REAL: Final = Path(__file__).parent / "real"


def _lines(*rows: object) -> bytes:
    return "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows).encode()


def _real(name: str, most: int = 4_000) -> bytes:
    """Return the first whole lines of a file of a real tool."""
    content = (REAL / name).read_bytes()
    return content if len(content) <= most else content[: content.rindex(b"\n", 0, most) + 1]


def _gatling_binary() -> bytes:
    def text(given: bytes) -> bytes:
        return struct.pack(">i", len(given)) + given + (b"\0" if given else b"")

    run = b"\0" + text(b"3.13.5") + text(b"shop.Checkout") + struct.pack(">qiii", 1_796_032_800_000, 0, 0, 0)
    first = b"\1" + struct.pack(">ii", 0, 1) + text(b"Home page") + struct.pack(">ii?i", 500, 750, True, 2) + text(b"")
    second = b"\1" + struct.pack(">iiii?i", 0, -1, 1500, 1600, False, -2)
    return run + first + second


_SPAN: Final = {
    "kind": 2, "startTimeUnixNano": "1796032800500000000", "endTimeUnixNano": "1796032800750000000",
    "attributes": [
        {"key": "http.request.method", "value": {"stringValue": "GET"}},
        {"key": "http.route", "value": {"stringValue": "/items/{item}"}},
    ],
}  # fmt: skip
_SERVICE: Final = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
_JAEGER: Final = {
    "traceID": "a", "processes": {"p1": {"serviceName": "shop"}},
    "spans": [{
        "processID": "p1", "startTime": 1796032800500000, "duration": 250000, "operationName": "GET /",
        "tags": [{"key": "span.kind", "value": "server"}, {"key": "http.method", "value": "GET"}],
    }],
}  # fmt: skip
_ENTRY: Final = {
    "startedDateTime": "2026-11-30T11:00:00.000+01:00", "time": 250.5,
    "request": {"method": "GET", "url": "https://shop.example/items/3?token=x"}, "response": {"status": 200},
}  # fmt: skip
_METRIC: Final = {
    "Id": "m1", "Label": "Requests", "Timestamps": ["2026-11-30T10:01:00+00:00", "2026-11-30T10:00:00+00:00"],
    "Values": [20.0, 10.0],
}  # fmt: skip
_ALB: Final = (
    "https 2018-07-02T22:23:00.186641Z app/my/50dc 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 34 366 "
    '"GET https://www.example.com:443/users/17?q=1 HTTP/1.1" "curl/7.46.0" - - arn:aws:x "Root=1-58" "www.example.com" '
    '"arn:aws:acm" 1 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"'
)
_HAPROXY: Final = (
    "Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 "
    '10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"'
)

SAMPLES: Final = {
    "azure-functions-2019": _lines(
        ",".join(["HashOwner", "HashApp", "HashFunction", "Trigger", *map(str, range(1, 1441))]),
        ",".join(["o", "a", "f", "http", *["1", "0"] * 720]),
    ),
    "azure-functions-2019-durations": _lines(
        "HashOwner,HashApp,HashFunction,Average,Count,Minimum,Maximum,percentile_Average_0,percentile_Average_1,"
        "percentile_Average_25,percentile_Average_50,percentile_Average_75,percentile_Average_99,percentile_Average_100",
        "o,a,f,100,7,50,300,50,51,80,100,120,290,300",
    ),
    "azure-functions-2021": _lines("app,func,end_timestamp,duration", "a,f,60.5,0.5", "a,f,61.5,0.1", "a,f,62,0.2"),
    "azure-llm": _lines("TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:15:46.6805900,374,44"),
    "huawei-2023": _lines("day,time,0,1", "0,0,3,", "0,60,,2", "0,120,5,1"),
    "huawei-2025": _lines(
        "time_worker,time_frontend,requestID,clusterName,funcName,podID,userID,totalCost_worker",
        "100.5,100.6,a,1,296,pool22-300-128-0000618412,224,0.5",
        "101.0,101.1,b,1,296,pool22-300-128-0000000001,224,0.25",
    ),
    "ibm-code-engine": _lines("NamespaceHash,AppHash,InvocationTimes,AppExecTimes", "n,a,10.0,0.1", "n,a,12.5,0.3"),
    "ibm-object-store": _lines("1219008 REST.PUT.OBJECT 8d4fcda3d675bac9 1056", "1221974 REST.HEAD.OBJECT 39d177f 528"),
    "worldcup98": b"".join(struct.pack(">IIIIBBBB", 899_208_000 + at, 1, 57, 1_839, 0, 130, 1, 34) for at in range(9)),
    "alb": _lines(*[_ALB] * 3),
    "envoy": _real("envoy_text.log"),
    "haproxy": _lines(*[_HAPROXY] * 3),
    "w3c-log": _lines(
        "#Version: 1.0",
        "#Fields: date time cs-method cs-uri-stem sc-status sc-bytes time-taken",
        "2026-11-30\t10:00:02\tGET\t/view/file.html\t200\t500\t2.001",
        "2026-11-30\t10:00:03\tGET\t/view/file.html\t503\t700\t0.001",
    ),
    "common-log": _real("apache_timed.log"),
    "simulator-json": _lines(
        *[
            {
                "time": "2026-11-30T10:00:00.500Z",
                "method": "GET",
                "path": "/items/7?x=1",
                "status": 200,
                "flags": "-",
                "sent_bytes": 12,
                "total_ms": 250.0,
                "upstream_ms": 249.0,
            }
        ]
        * 3
    ),
    "envoy-json": _real("envoy_json.log"),
    "nginx-json": _lines(
        *[
            {
                "time_iso8601": "2026-11-30T11:00:01+01:00",
                "request_time": "0.250",
                "status": "200",
                "request_method": "GET",
                "request_uri": "/items/7?y",
                "body_bytes_sent": "12",
            }
        ]
        * 3
    ),
    "caddy-json": _real("caddy.log"),
    "traefik-json": _lines(
        *[
            {
                "StartUTC": "2026-11-30T10:00:00.500000001Z",
                "Duration": 250_000_000,
                "RequestMethod": "GET",
                "RequestPath": "/items/7",
                "DownstreamStatus": 200,
                "DownstreamContentSize": 12,
            }
        ]
        * 3
    ),
    "vegeta-json": _lines(
        *[
            {
                "attack": "",
                "seq": 0,
                "code": 200,
                "timestamp": "2026-11-30T10:00:00.5Z",
                "latency": 250_000_000,
                "bytes_in": 12,
                "method": "GET",
                "url": "http://127.0.0.1:8080/items/7",
            }
        ]
        * 3
    ),
    "vegeta-gob": (REAL / "vegeta.gob").read_bytes(),
    "vegeta-csv": _lines(
        *["1796032800500000000,200,250000000,0,12,,b2s=,smoke,1,GET,http://127.0.0.1:8080/items/7,"] * 3
    ),
    "k6-json": _lines(
        *[
            {
                "metric": "http_req_duration",
                "type": "Point",
                "data": {
                    "time": "2026-11-30T15:56:00.1Z",
                    "value": 21.5,
                    "tags": {"method": "GET", "url": "http://127.0.0.1/items/7", "status": "200"},
                },
            }
        ]
        * 3
    ),
    "k6-summary": _real("k6_summary.json"),
    "artillery-report": (REAL / "artillery.json").read_bytes(),
    "jmeter-jtl": _real("jmeter.jtl"),
    "hey-csv": _real("hey.csv"),
    "simulator-requests": _lines("source,intended_s,latency_s,status", "all,0,1,200", "all,0.5,0.1,429"),
    "locust-history": _real("locust_stats_history.csv"),
    "gatling-log": _lines(
        "RUN\tShop\tshop\t1796032800000\t \t3.9.5", "REQUEST\t\tHome\t1796032800500\t1796032800750\tOK\t "
    ),
    "gatling-binary": _gatling_binary(),
    "goreplay": "1 f4 1796032800250000000 0\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n\n🐵🙈🙉\n".encode() * 3,
    "cloudwatch-json": json.dumps({"MetricDataResults": [_METRIC]}, indent=1).encode(),
    "cloudwatch-csv": _lines(
        "Full label,shop Requests", "Label,Requests", '"2026/11/30 10:00:00","10"', '"2026/11/30 10:01:00","20"'
    ),
    "otlp-json": _lines({"resourceSpans": [{"resource": _SERVICE, "scopeSpans": [{"spans": [_SPAN]}]}]}),
    "jaeger-json": json.dumps({"data": [_JAEGER]}, indent=1).encode(),
    "har": json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": [_ENTRY]}}, indent=1).encode(),
}
LOADS: Final = {
    name: (REAL / name).read_bytes() for name in ("k6.js", "k6_inspect.json", "jmeter.jmx", "artillery.yml")
}
LOADS["locustfile.txt"] = (REAL / "locustfile.txt").read_bytes()
SETTINGS: Final = {
    "service.json": json.dumps(
        {"Service": {"ServiceName": "shop", "InstanceConfiguration": {"Cpu": "2048", "Memory": "4096"}}}, indent=1
    ).encode(),
    "main.tf": b'resource "aws_apprunner_service" "shop" {\n  instance_configuration {\n    cpu = "1024"\n  }\n}\n',
    "apprunner.yaml": (
        b"version: 1.0\nruntime: python311\nbuild:\n  commands:\n    build: [pip install x]\nrun:\n  command: x\n"
    ),
}
