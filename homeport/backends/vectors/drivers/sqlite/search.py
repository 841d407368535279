"""Everything that only reads the file."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Sequence
from typing import Any, cast

import apsw

from homeport.backends.vectors.drivers.sqlite.connect import reading
from homeport.backends.vectors.drivers.sqlite.schema import for_dataset, for_dimension
from homeport.backends.vectors.drivers.sqlite.translate_filter import Value, translate_filter
from homeport.backends.vectors.errors import other_dimension
from homeport.backends.vectors.port import Filter, Hit, Point
from homeport.backends.vectors.rank_text import K1, weigh_terms
from homeport.backends.vectors.tokenize_text import tokenize_query

_NEAREST = "SELECT number, distance FROM {vector} WHERE embedding MATCH ? AND k = ? AND dataset = ?"
_NEAREST_ALLOWED = """
SELECT number, distance FROM {vector} WHERE embedding MATCH ? AND k = ? AND dataset = ?
AND number IN (SELECT point.number FROM point WHERE point.dataset = ? AND {allowed})
"""
_HAVING = """
SELECT asked.value, (SELECT count(*) FROM {text} AS found WHERE found.terms MATCH asked.value)
FROM json_each(?) AS asked
"""
# Each term alone, so that its rank can be multiplied; the weight FTS5 gave it is divided out by the factor.
_TELLING = """
WITH asked AS MATERIALIZED (
    SELECT value ->> 0 AS phrase, value ->> 1 AS factor FROM json_each(?)
), scored AS MATERIALIZED (
    SELECT found.rowid AS number, sum(found.rank * asked.factor) AS score
    FROM asked CROSS JOIN {text} AS found ON found.terms MATCH asked.phrase GROUP BY found.rowid
)
SELECT scored.number, scored.score FROM scored CROSS JOIN point ON point.number = scored.number WHERE {allowed}
ORDER BY scored.score DESC, point.id LIMIT ?
"""
_FOUND = """
SELECT number, id, document_id, text, metadata FROM point WHERE number IN (SELECT value FROM json_each(?))
"""
_PAGE = """
SELECT id, document_id, text, metadata, vector FROM point LEFT JOIN embedding ON embedding.point = point.number
WHERE dataset = ? AND id > ? ORDER BY id LIMIT ?
"""


def search_by_vector(
    connection: apsw.Connection, dataset_id: str, vector: Sequence[float], top_k: int, asked: Filter | None
) -> list[Hit]:
    """See `VectorStore.search_by_vector`, without the threshold."""
    with reading(connection):
        known = _find(connection, dataset_id)
        if known is None or known[1] is None:
            return []
        dataset, dimension, _ = known
        if len(vector) != dimension:
            raise other_dimension(dataset_id, len(vector), dimension)
        values: list[Value | bytes] = [array("f", vector).tobytes(), top_k, dataset]
        sql = _NEAREST
        if asked is not None:
            allowed, bound = translate_filter(asked)
            sql = _NEAREST_ALLOWED.replace("{allowed}", allowed)
            values += [dataset, *bound]
        nearest = _rows(connection, for_dimension(sql, dimension), values)
        return _hits(connection, [(number, 1.0 - distance) for number, distance in nearest])


def search_by_full_text(
    connection: apsw.Connection, dataset_id: str, query: str, top_k: int, asked: Filter | None
) -> list[Hit]:
    """See `VectorStore.search_by_full_text`."""
    terms = tokenize_query(query)
    if not terms:
        return []
    with reading(connection):
        known = _find(connection, dataset_id)
        if known is None:
            return []
        dataset, _, points = known
        # Quotes make a term of whatever stands in them; the terms themselves are letters and digits.
        phrases = json.dumps([f'"{term}"' for term in terms])
        having = dict(_rows(connection, for_dataset(_HAVING, dataset), (phrases,)))
        allowed, bound = ("1", []) if asked is None else translate_filter(asked)
        sql = for_dataset(_TELLING, dataset).replace("{allowed}", allowed)
        telling = _rows(connection, sql, (_factors(points, having), *bound, top_k))
        return _hits(connection, telling)


def read_page(connection: apsw.Connection, dataset_id: str, after: str, most: int) -> list[Point]:
    """The next points in the order of their ids."""
    with reading(connection):
        known = _find(connection, dataset_id)
        rows = [] if known is None else _rows(connection, _PAGE, (known[0], after, most))
    return [
        Point(point_id, dataset_id, document_id, text, _unpack(vector), json.loads(metadata))
        for point_id, document_id, text, metadata, vector in rows
    ]


def count(connection: apsw.Connection, dataset_id: str) -> int:
    """See `VectorStore.count`."""
    known = _find(connection, dataset_id)
    return 0 if known is None else known[2]


def datasets(connection: apsw.Connection) -> dict[str, int | None]:
    """See `VectorStore.datasets`."""
    return dict(_rows(connection, "SELECT id, dimension FROM dataset ORDER BY id"))


def _find(connection: apsw.Connection, dataset_id: str) -> tuple[int, int | None, int] | None:
    """Number, dimension and number of points."""
    found = connection.execute("SELECT number, dimension, points FROM dataset WHERE id = ?", (dataset_id,)).fetchone()
    return cast("tuple[int, int | None, int] | None", found)


def _factors(points: int, having: dict[str, int]) -> str:
    """The phrases worth looking at as JSON, each with what makes a share of our score of FTS5's (negative) rank.

    FTS5 gives terms that most points have no weight at all (1e-6), where ours (`rank_text.py`) is small.
    """
    weights = weigh_terms(points, having)
    most = (K1 + 1) * sum(weights.values())
    factors = []
    for phrase, weight in weights.items():
        rarity = (points - having[phrase] + 0.5) / (having[phrase] + 0.5)
        weight_of_fts5 = math.log(rarity) if rarity > 1 else 1e-6
        factors.append((phrase, -weight / weight_of_fts5 / most))
    return json.dumps(factors)


def _hits(connection: apsw.Connection, scores: list[tuple[Any, ...]]) -> list[Hit]:
    """What belongs to the numbers, best first."""
    by_number = dict(scores)
    rows = _rows(connection, _FOUND, (json.dumps(list(by_number)),))
    rows.sort(key=lambda row: (-by_number[row[0]], row[1]))
    return [
        Hit(point_id, document_id, min(1.0, max(0.0, by_number[number])), text, json.loads(metadata))
        for number, point_id, document_id, text, metadata in rows
    ]


def _rows(connection: apsw.Connection, sql: str, values: Sequence[Value | bytes] = ()) -> list[tuple[Any, ...]]:
    return connection.execute(sql, values).fetchall()


def _unpack(vector: bytes | None) -> array[float] | None:
    if vector is None:
        return None
    numbers = array("f")
    numbers.frombytes(vector)
    return numbers
