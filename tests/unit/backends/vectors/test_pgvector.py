from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from homeport.backends.vectors.drivers.pgvector.connect import pack, unpack
from homeport.backends.vectors.drivers.pgvector.schema import list_frequency_bounds, set_dimension, write_terms
from homeport.backends.vectors.errors import Misconfigured, Unavailable
from homeport.backends.vectors.registry import open_vectors
from homeport.backends.vectors.settings import VectorSettings
from tests.support.servers import free_port


def _settings(**change: object) -> VectorSettings:
    chosen = {"pgvector_host": "127.0.0.1", "pgvector_user": "postgres", "pgvector_database": "postgres"}
    return VectorSettings.model_validate({"vector_store": "pgvector", **chosen, **change})


async def test_missing_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="which needs PGVECTOR_HOST, PGVECTOR_DATABASE"):
        await open_vectors(_settings(pgvector_host=None, pgvector_database=""), tmp_path)


async def test_a_smallest_pool_above_the_largest_is_said(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="PGVECTOR_MIN_CONNECTION is 9; accepted is up to"):
        await open_vectors(_settings(pgvector_min_connection=9), tmp_path)


async def test_a_server_that_is_not_there_is_unavailable_and_the_password_stays_secret(tmp_path: Path) -> None:
    settings = _settings(pgvector_port=free_port(), pgvector_password="hidden")
    with pytest.raises(Unavailable, match="Look whether it runs at PGVECTOR_HOST") as caught:
        await open_vectors(settings, tmp_path)
    assert "hidden" not in str(caught.value)


def test_vectors_cross_the_wire_unchanged() -> None:
    vector = array("f", [1.0, -0.1, 3e38, 1e-40])
    assert unpack(pack(vector)) == vector
    assert pack([1.0]) == b"\x00\x01\x00\x00\x3f\x80\x00\x00"


def test_terms_carry_their_frequency() -> None:
    assert write_terms("cat dog cat 北京") == ("'cat':1,2 'dog':1 '北':1 '京':1 '北京':1", 6)
    assert write_terms("") == ("", 0)
    assert write_terms("cat " * 300)[0].endswith(",254,255")


def test_bounds_grow_so_that_every_frequency_has_its_own() -> None:
    bounds = list_frequency_bounds()
    assert len(bounds) == 255
    assert bounds == sorted(set(bounds))
    assert bounds[0] < 1 / 1.64493406685 < bounds[1] < 1.25 / 1.64493406685 < bounds[2]


@pytest.mark.parametrize(("dimension", "index"), [(2000, "vector_cosine"), (4000, "halfvec_cosine"), (4001, None)])
def test_the_index_fits_the_dimension(dimension: int, index: str | None) -> None:
    sql = set_dimension(dimension)
    assert f"vector({dimension})" in sql
    assert ("CREATE INDEX" in sql) == (index is not None)
    assert (index or "") in sql
