from __future__ import annotations

import pytest

from simulator.ingest.load.k6_script import DEFAULT, ScriptIteration, iterations
from simulator.ingest.load.plan import LoadRequest

GET = "http.get(url + '/a');"


def iteration(body: str) -> ScriptIteration:
    return iterations(f"export default function (data) {{ {body} }}\nexport function teardown() {{ sleep(9); }}\n")[
        DEFAULT
    ]


@pytest.mark.parametrize(
    ("pause", "rest"),
    [
        ("sleep(1.5); sleep(.5)", "2s"),
        ("sleep(randomIntBetween(1, 5));", "{uniform: {low: 1s, high: 5s}}"),
        ("sleep(Math.random() * 3); sleep(1)", "{uniform: {low: 1s, high: 4s}}"),
        ("sleep(Math.random() * (5 - 2) + 2);", "{uniform: {low: 2s, high: 5s}}"),
        ("sleep(0.5 + 1.5 * Math.random());", "{uniform: {low: 0.5s, high: 2s}}"),
        ("sleep(3 - Math.random() / 2);", "{uniform: {low: 2.5s, high: 3s}}"),
        ("sleep(60 / 4);", "15s"),
    ],
)
def test_pauses_at_the_end_are_the_think_time(pause: str, rest: str) -> None:
    assert iteration(f"{GET} {pause}") == ScriptIteration((LoadRequest("GET", "/a"),), rest)


def test_a_pause_before_the_first_request_belongs_to_the_cycle() -> None:
    assert iteration(f"sleep(2); {GET} sleep(1);").rest == "3s"


def test_a_pause_that_is_an_expression_is_named() -> None:
    for text in (
        "1 / Math.random()",
        "Math.random() - 2",
        "Math.random() * Math.random()",
        "most * Math.random()",
        "1 +",
    ):
        assert iteration(f"{GET} sleep({text});").unread == (f"sleep({text})",)
    assert iteration(f"{GET} sleep(pause());") == ScriptIteration((LoadRequest("GET", "/a"),), "", ("sleep(pause())",))


def test_braces_in_texts_and_comments_end_no_function() -> None:
    body = (
        "/* } */ const text = `}${'}'}`; // }\n" + GET + " check(r, { 'ok': (r) => r.status === 200 }); http.del('/b');"
    )
    assert iteration(body).requests == (LoadRequest("GET", "/a"), LoadRequest("DELETE", "/b"))


def test_functions_are_known_by_their_names() -> None:
    script = (
        "export function a() {}\nexport const b = async () => { http.get('/b'); }\nfunction c() { http.get('/c'); }"
    )
    assert {name: len(each.requests) for name, each in iterations(script).items()} == {"a": 0, "b": 1}


def test_an_address_with_brackets_has_a_path() -> None:
    assert iteration("http.get('http://[host]:1/a?b');").requests == (LoadRequest("GET", "/http://[host]:1/a"),)


def test_calls_in_comments_are_not_sent() -> None:
    body = "// http.get('/off'); it's off\n http.get('http://a/on'); /* sleep(9); http.get('/off') */ sleep(1);"

    assert iteration(body) == ScriptIteration((LoadRequest("GET", "/on"),), "1s")
    assert iterations("// export default function () { http.get('/off'); }\n") == {}
