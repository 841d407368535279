from __future__ import annotations

from array import array

import numpy as np

from homeport.backends.vectors.check_input import clean_filter, pack_vector
from homeport.backends.vectors.port import Filter


def test_a_numpy_vector_is_packed_like_a_list() -> None:
    numbers = [0.5, -0.1, 3.0]
    for dtype in (np.float32, np.float64):
        assert pack_vector(np.array(numbers, dtype=dtype)) == array("f", numbers)  # type: ignore[arg-type]


def test_a_packed_vector_is_not_copied() -> None:
    packed = array("f", [1.0])
    assert pack_vector(packed) is packed


def test_a_filter_that_allows_everything_is_none() -> None:
    assert clean_filter(None) is None
    assert clean_filter(Filter(logic="or")) is None
    assert clean_filter(Filter(document_ids=())) is not None
