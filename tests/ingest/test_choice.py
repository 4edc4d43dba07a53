from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingest.dataset_files import Invocation, azure_2021, imported


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [("shop", "cart", 3), ("shop", "catalogue", 5), ("blog", "feed", 4), ("blog", "feedback", 1)]
    invocations = [Invocation(app, function, 10.0 + at, 0.5) for app, function, count in rows for at in range(count)]
    return azure_2021(tmp_path / "a.csv", invocations)


def test_the_busiest_function_is_the_default(file: Path) -> None:
    (service,) = imported(file).services

    assert (service.name, service.function, service.requests) == ("function-catalogu", "shop/catalogue", 5)


def test_the_busiest_functions_are_services_of_their_own(file: Path) -> None:
    result = imported(file, top=3)

    assert [(each.function, each.requests) for each in result.services] == [
        ("shop/catalogue", 5),
        ("blog/feed", 4),
        ("shop/cart", 3),
    ]


def test_all_functions_together_are_one_service(file: Path) -> None:
    (service,) = imported(file, everything=True).services

    assert (service.name, service.requests) == ("web", 13)


def test_functions_are_chosen_by_the_beginning_of_their_names_in_that_order(file: Path) -> None:
    result = imported(file, functions=("shop/car", "blog/feed"))

    assert [each.function for each in result.services] == ["shop/cart", "blog/feed"]


@pytest.mark.parametrize(
    ("beginning", "message"),
    [
        ("shop/c", "must be the beginning of one name; 2 begin so: shop/catalogue, shop/cart"),
        ("shop/crat", "the busiest are shop/catalogue, blog/feed, shop/cart, blog/feedback; did you mean `shop/cart`?"),
    ],
)
def test_an_unknown_or_ambiguous_function_is_reported(file: Path, beginning: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        imported(file, functions=(beginning,))
