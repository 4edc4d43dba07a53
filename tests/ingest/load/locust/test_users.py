from __future__ import annotations

from pathlib import Path

import pytest

from simulator.ingest.load.plan import LoadRequest
from simulator.scenario.problems import ScenarioError
from tests.ingest.load.locust.files import read

WAITS = [
    ("between(1, 5)", "{uniform: {low: 1s, high: 5s}}"),
    ("constant(2.5)", "2.5s"),
    ("constant_pacing(3)", "2.9s"),
    ("constant_throughput(0.5)", "1.9s"),
]


@pytest.mark.parametrize(("wait", "think"), WAITS)
def test_a_wait_is_the_think_time(tmp_path: Path, wait: str, think: str) -> None:
    code = f"""
    class Visitor(HttpUser):
        wait_time = {wait}

        @task
        def home(self):
            self.client.get("/")
    """
    (source,) = read(tmp_path, code).sources

    assert source.shape.endswith(f"begin: request, think_time: {think}}}")


def test_tasks_of_one_request_are_a_mix_by_weight(tmp_path: Path) -> None:
    code = """
    PATH = "/cart"

    class Visitor(HttpUser):
        @task(3)
        def items(self):
            with self.client.get(f"/items/{self.item}?page=1", name="/items", catch_response=True) as response:
                response.success()

        @task
        def cart(self):
            self.client.post(PATH, json={})
    """
    (source,) = read(tmp_path, code).sources

    assert source.requests == (
        LoadRequest("GET", "/items/{id}", weight=0.75),
        LoadRequest("POST", "/cart", weight=0.25),
    )


def test_tasks_of_several_requests_are_a_mix_with_the_same_rate(tmp_path: Path) -> None:
    code = """
    class Visitor(HttpUser):
        wait_time = constant(3)

        @task
        def two(self):
            self.client.get("/a")
            time.sleep(1)
            self.client.get("/b")

        @task(2)
        def three(self):
            for number in range(3):
                self.client.request("DELETE", "/c/%d" % number)
    """
    plan = read(tmp_path, code)

    third = pytest.approx(1 / 3)
    requests = {request.path: request.weight for request in plan.sources[0].requests or ()}
    assert requests == {"/a": third, "/b": third, "/c/{id}": pytest.approx(2)}
    # Of three tasks: 3 waits of 3 s and one pause of 1 s for 8 requests.
    assert "think_time: 1.25s" in plan.sources[0].shape
    assert "Visitor: its tasks as a mix of their requests, with the mean pause" in plan.guessed


def test_the_tasks_of_a_sequence_are_a_session_with_a_wait_behind_each(tmp_path: Path) -> None:
    code = """
    class Buyer(HttpUser):
        wait_time = constant(0.5)

        @task
        class Checkout(SequentialTaskSet):
            def on_start(self):
                self.client.get("/login")

            @task
            def order(self):
                self.client.put("/orders/" + str(7))
                self.client.get("/stock")

            @task
            def status(self):
                self.client.get(url="/status")
    """
    plan = read(tmp_path, code)

    assert plan.sources[0].requests == (
        LoadRequest("PUT", "/orders/7"),
        LoadRequest("GET", "/stock", "0.5s"),
        LoadRequest("GET", "/status"),
    )
    assert plan.sources[0].shape.endswith("think_time: 0.5s}")
    assert "Checkout.on_start: 1 requests of each user" in plan.dropped


def test_users_are_shared_by_weight_and_fixed_count(tmp_path: Path) -> None:
    user = """
    class {name}(HttpUser):
        {attribute}

        @task
        def home(self):
            self.client.get("/")
    """
    given = [("One", "fixed_count = 1"), ("Many", "weight = 2"), ("Few", "pass"), ("Off", "abstract = True")]
    plan = read(tmp_path, "".join(user.format(name=name, attribute=attribute) for name, attribute in given))

    assert [(source.name, source.shape) for source in plan.sources] == [
        ("One", "closed: {users: 1, begin: request}"),
        ("Many", "closed: {users: 6, begin: request}"),
        ("Few", "closed: {users: 3, begin: request}"),
    ]


def test_tasks_of_lists_task_sets_and_base_classes_are_read(tmp_path: Path) -> None:
    code = """
    def home(user):
        user.client.get("/")

    class Browse(TaskSet):
        @task(3)
        def list(self):
            self.client.get("/list")

        @task
        def item(self):
            self.client.get("/item")

    class Base(HttpUser):
        abstract = True
        tasks = {home: 1, Browse: 4}

    class Visitor(Base):
        pass
    """
    (source,) = read(tmp_path, code).sources

    weights = {request.path: request.weight for request in source.requests or ()}
    assert weights == {"/": pytest.approx(0.2), "/list": pytest.approx(0.6), "/item": pytest.approx(0.2)}


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    code = """
    class Visitor(HttpUser):
        @task
        def some(self):
            self.client.get(self.choose())
            if self.ready:
                self.client.get("/ready")
            time.sleep(random.random())

        @task
        def nothing(self):
            pass
    """
    plan = read(tmp_path, code)

    assert "a request of Visitor, line 7: its path is an expression" in plan.dropped
    assert "a pause of Visitor, line 10: random.random()" in plan.dropped
    assert "the task nothing: it has no request that can be read" in plan.dropped
    assert "Visitor: requests in conditions and loops are sent once" in plan.guessed


def test_pauses_and_requests_that_have_no_place_are_named(tmp_path: Path) -> None:
    code = """
    class Visitor(HttpUser):
        def log_in(self):
            self.client.post("/login")

        @task
        def home(self):
            time.sleep(2)
            self.log_in()
            self.client.get("/")
    """
    plan = read(tmp_path, code)

    assert plan.sources[0].requests == (LoadRequest("GET", "/"),)
    assert "a pause of Visitor, line 10: no request is before it" in plan.dropped
    assert "Visitor: the requests of self.log_in(), which a task calls" in plan.dropped


def test_weights_may_be_named_and_tasks_without_weight_or_requests_are_none(tmp_path: Path) -> None:
    code = """
    class Visitor(HttpUser):
        @task(weight=3)
        def often(self):
            self.client.get("/often")

        @task
        def seldom(self):
            self.client.get("/seldom")

        @task(0)
        def never(self):
            self.client.get("/never")

        @task
        class Empty(SequentialTaskSet):
            @task
            def nothing(self):
                pass
    """
    (source,) = read(tmp_path, code).sources

    assert source.requests == (
        LoadRequest("GET", "/often", weight=0.75),
        LoadRequest("GET", "/seldom", weight=0.25),
    )


@pytest.mark.parametrize(
    "attribute", ["wait_time = lambda self: 1", "wait_time = between(1, self.high)", "weight = choose()"]
)
def test_a_wait_or_weight_that_is_not_known_is_reported(tmp_path: Path, attribute: str) -> None:
    code = (
        f"class Visitor(HttpUser):\n    {attribute}\n\n    @task\n    def home(self):\n        self.client.get('/')\n"
    )
    with pytest.raises(
        ScenarioError, match=r"locustfile\.py:4:1: code = .*, must be a constant, or code that computes"
    ):
        read(tmp_path, code)
