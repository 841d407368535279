from __future__ import annotations

import pytest

from homeport.backends.vectors.rank_text import rate_frequency, weigh_terms


def test_a_rarer_term_weighs_more_and_none_weighs_less_than_nothing() -> None:
    weights = weigh_terms(50, {"rare": 1, "nowhere": 0, "some": 20, "all": 50})
    assert list(weights) == ["nowhere", "rare", "some", "all"]
    assert sorted(weights.values(), reverse=True) == list(weights.values())
    assert min(weights.values()) > 0


def test_a_term_that_most_of_many_points_have_is_left_out_where_another_is_found() -> None:
    assert set(weigh_terms(1000, {"common": 700, "rare": 3})) == {"rare"}
    assert set(weigh_terms(1000, {"common": 700, "nowhere": 0})) == {"common", "nowhere"}
    assert set(weigh_terms(100, {"common": 70, "rare": 3})) == {"common", "rare"}


def test_the_number_of_points_to_look_at_is_bounded_but_one_term_is_always_kept() -> None:
    assert set(weigh_terms(200_000, {"a": 15_000, "b": 16_000})) == {"a"}
    assert set(weigh_terms(200_000, {"a": 90_000, "b": 95_000})) == {"a"}


def test_the_share_grows_with_frequency_and_shrinks_with_length() -> None:
    assert rate_frequency(0, 10, 10.0) == 0
    assert rate_frequency(1, 10, 10.0) == pytest.approx(1 / 2.2)
    assert 1 > rate_frequency(9, 10, 10.0) > rate_frequency(2, 10, 10.0) > rate_frequency(2, 20, 10.0)
