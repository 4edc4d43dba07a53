"""Pages of CloudFormation's lists: 100 items each, with a token for the next one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from simulator.control.pagination import Numbered, Pages
from simulator.control.principal import Principal
from simulator.control.stacks.stack_book import invalid_call
from simulator.model.resources.api_error import ApiError

Answer = dict[str, Any]

# ASSUMPTION: 100 items for every list; AWS documents it for ListStackResources and observed pages of ListStacks and
# DescribeStackEvents have as many. A stack with more events, and a Region with more stacks, would settle the others.
PAGE_MAX: Final = 100
_LAST: Final = 2**62  # numbers are assigned downwards from here, because a page begins with the highest number

T = TypeVar("T")
N = TypeVar("N", bound=Numbered)


class _Placed(NamedTuple):
    born: int
    item: Any


class StackPages:
    """Divides lists into pages of at most `page_max` items."""

    def __init__(self, pages: Pages, page_max: int = PAGE_MAX) -> None:
        self._pages = pages
        self._page_max = page_max

    def newest_first(
        self,
        items: Sequence[N],
        view: Callable[[N], Answer],
        name: str,
        principal: Principal,
        operation: str,
        request: dict[str, Any],
    ) -> Answer:
        """Return the page of numbered items, newest first, as the member `name`, and the token for the next page.

        No item is skipped or repeated if items are added between two pages.

        Raises:
            ApiError: ValidationError for a token that was not issued for this request.
        """
        sized = request | {"MaxResults": self._page_max}
        try:
            page, more = self._pages.page(items, principal, operation, sized)
        except ApiError as error:
            raise invalid_call(error.message) from error
        return {name: [view(each) for each in page]} | more

    def in_order(
        self,
        items: Sequence[T],
        view: Callable[[T], Any],
        name: str,
        principal: Principal,
        operation: str,
        request: dict[str, Any],
    ) -> Answer:
        """Return the page of items without numbers, in the given order."""
        placed = [_Placed(_LAST - index, item) for index, item in enumerate(items)]
        return self.newest_first(placed, lambda each: view(each.item), name, principal, operation, request)
