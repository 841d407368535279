"""How pages count."""

from __future__ import annotations

import pytest

from homeport.runtime.http.pages import Page


@pytest.mark.parametrize(("page", "total", "more"), [(1, 3, True), (2, 3, False), (1, 2, False), (1, 0, False)])
def test_there_is_more_when_the_pages_so_far_do_not_hold_all(page: int, total: int, more: bool) -> None:
    assert Page.of([1, 2], page=page, limit=2, total=total).has_more is more
