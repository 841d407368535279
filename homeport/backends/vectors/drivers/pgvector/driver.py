"""PostgreSQL with pgvector through asyncpg: an HNSW index by cosine, full text by our own terms."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncGenerator, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import asyncpg

from homeport.backends.vectors.capabilities import Capabilities
from homeport.backends.vectors.choice import VectorChoice
from homeport.backends.vectors.drivers.pgvector import schema
from homeport.backends.vectors.drivers.pgvector.connect import Connection, Pool, lock_tables, open_pool, said
from homeport.backends.vectors.drivers.pgvector.spec import SPEC, PgvectorSettings
from homeport.backends.vectors.drivers.pgvector.translate_filter import FilterWriter
from homeport.backends.vectors.errors import other_dataset_dimension, other_dimension, unknown_dataset
from homeport.backends.vectors.port import Filter, Hit, MetadataValue, Point
from homeport.backends.vectors.rank_text import K1, B, weigh_terms
from homeport.backends.vectors.tokenize_text import tokenize_query

_PAGE = 200
#: Longer whole numbers do not fit in 64 bits: they were floats, which PostgreSQL writes without an exponent.
_LONGEST_INTEGER = 19

_UPSERT = """
INSERT INTO {table} (id, document_id, metadata, text, terms, length, embedding)
VALUES ($1, $2, $3, $4, $5::text::tsvector, $6, $7)
ON CONFLICT (id) DO UPDATE SET (document_id, metadata, text, terms, length, embedding) = (
    excluded.document_id, excluded.metadata, excluded.text, excluded.terms, excluded.length, excluded.embedding
)
"""
_HAVING = """
SELECT (SELECT count(*) FROM {table}), (SELECT coalesce(avg(length), 0)::float8 FROM {table}), ARRAY(
    SELECT (SELECT count(*) FROM {table} WHERE terms @@ asked.query)
    FROM unnest($1::text[]::tsquery[]) WITH ORDINALITY AS asked(query, position) ORDER BY position
)
"""
# A frequency is read back from the rank of the single term, see `schema.list_frequency_bounds`.
_TELLING = """
SELECT id, document_id, text, metadata, (
    SELECT sum(asked.share * frequency / (frequency + $3::float8 + $4::float8 * length))
    FROM unnest($1::text[]::tsquery[], $2::float8[]) AS asked(query, share), LATERAL (
        SELECT width_bucket(ts_rank('{1,1,1,1}', terms, asked.query)::float8, $5::float8[]) AS frequency
    ) AS counted
) AS score FROM {table} WHERE terms @@ $6::text::tsquery AND {allowed} ORDER BY score DESC, id LIMIT $7
"""
_POINTS = "SELECT id, document_id, text, metadata, embedding FROM {table} WHERE id > $1 ORDER BY id LIMIT $2"


async def open_driver(settings: VectorChoice, data_dir: Path) -> PgvectorVectors:  # noqa: ARG001 - all drivers' form
    """The store in the database the settings name; its list of datasets is made when missing."""
    assert isinstance(settings, PgvectorSettings)
    pool = await open_pool(settings)
    store = PgvectorVectors(pool, settings.vector_index_name_prefix)
    try:
        await store.prepare()
    except BaseException:
        await pool.close()
        raise
    return store


class PgvectorVectors:
    """A `VectorStore` in a PostgreSQL database."""

    capabilities: Capabilities = SPEC.capabilities

    def __init__(self, pool: Pool, prefix: str) -> None:
        """`prefix`: what the names of the tables begin with; letters, digits and underscores."""
        self._pool = pool
        self._prefix = prefix
        self._bounds = schema.list_frequency_bounds()

    async def prepare(self) -> None:
        """Make the list of datasets when it is missing."""
        async with said(), self._pool.acquire() as connection, connection.transaction():
            await lock_tables(connection)
            await connection.execute(self._named(schema.DATASETS))

    async def create(self, dataset_id: str, dimension: int | None) -> None:
        """See `VectorStore.create`."""
        async with said(), self._pool.acquire() as connection:
            known = await self._find(connection, dataset_id)
            if known is not None and (dimension is None or known[1] == dimension):
                return
            async with connection.transaction():
                await lock_tables(connection)
                known = await self._find(connection, dataset_id)
                if known is None:
                    insert = self._named("INSERT INTO {datasets} (id) VALUES ($1) RETURNING number")
                    number = await connection.fetchval(insert, dataset_id)
                    await connection.execute(self._named(schema.POINTS, number))
                    known = number, None
                number, present = known
                if dimension is None or dimension == present:
                    return
                if present is not None:
                    raise other_dataset_dimension(dataset_id, dimension, present)
                await connection.execute(self._named(schema.set_dimension(dimension), number))
                update = self._named("UPDATE {datasets} SET dimension = $2 WHERE number = $1")
                await connection.execute(update, number, dimension)

    async def add_texts(self, points: Sequence[Point]) -> None:
        """See `VectorStore.add_texts`."""
        # In one order everywhere, so that two calls at once wait for each other instead of blocking each other.
        ordered = sorted(points, key=attrgetter("dataset_id", "id"))
        async with said(), self._pool.acquire() as connection, connection.transaction():
            for dataset_id, group in groupby(ordered, key=attrgetter("dataset_id")):
                known = await self._find(connection, dataset_id)
                if known is None:
                    raise unknown_dataset(dataset_id)
                number, dimension = known
                rows = [_row(point, dimension) for point in group]
                try:
                    await connection.executemany(self._named(_UPSERT, number), rows)
                except asyncpg.UndefinedTableError:
                    raise unknown_dataset(dataset_id) from None

    async def delete_by_ids(self, dataset_id: str, ids: Sequence[str]) -> None:
        """See `VectorStore.delete_by_ids`."""
        await self._execute(dataset_id, "DELETE FROM {table} WHERE id = ANY($1::text[])", list(ids))

    async def delete_by_document_id(self, dataset_id: str, document_id: str) -> None:
        """See `VectorStore.delete_by_document_id`."""
        await self._execute(dataset_id, "DELETE FROM {table} WHERE document_id = $1", document_id)

    async def drop(self, dataset_id: str) -> None:
        """See `VectorStore.drop`."""
        async with said(), self._pool.acquire() as connection, connection.transaction():
            await lock_tables(connection)
            delete = self._named("DELETE FROM {datasets} WHERE id = $1 RETURNING number")
            number = await connection.fetchval(delete, dataset_id)
            if number is not None:
                await connection.execute(self._named("DROP TABLE IF EXISTS {table}", number))

    async def search_by_vector(
        self,
        dataset_id: str,
        vector: Sequence[float],
        top_k: int,
        score_threshold: float | None = None,
        filter: Filter | None = None,  # noqa: A002
    ) -> list[Hit]:
        """See `VectorStore.search_by_vector`."""
        async with said(), self._pool.acquire() as connection:
            known = await self._find(connection, dataset_id)
            if known is None or known[1] is None:
                return []
            number, dimension = known
            if len(vector) != dimension:
                raise other_dimension(dataset_id, len(vector), dimension)
            writer = FilterWriter([vector, top_k])
            sql = schema.nearest(dimension).replace("{allowed}", writer.write(filter))
            rows = await self._fetch(connection, number, sql, *writer.values)
        hits = _hits(rows)
        return hits if score_threshold is None else [hit for hit in hits if hit.score >= score_threshold]

    async def search_by_full_text(
        self,
        dataset_id: str,
        query: str,
        top_k: int,
        filter: Filter | None = None,  # noqa: A002
    ) -> list[Hit]:
        """See `VectorStore.search_by_full_text`."""
        terms = [f"'{term}'" for term in tokenize_query(query)]
        async with said(), self._pool.acquire() as connection:
            known = await self._find(connection, dataset_id) if terms else None
            counted = await self._fetch(connection, known[0], _HAVING, terms) if known else []
            if known is None or not counted or not counted[0][1]:
                return []
            points, average, having = counted[0]
            weights = weigh_terms(points, dict(zip(terms, having, strict=True)))
            shares = [weight / sum(weights.values()) for weight in weights.values()]
            writer = FilterWriter(
                [list(weights), shares, K1 * (1 - B), K1 * B / average, self._bounds, " | ".join(weights), top_k]
            )
            sql = _TELLING.replace("{allowed}", writer.write(filter))
            return _hits(await self._fetch(connection, known[0], sql, *writer.values))

    async def points(self, dataset_id: str) -> AsyncGenerator[Point]:
        """See `VectorStore.points`."""
        after = ""
        while rows := await self._page(dataset_id, after):
            for row in rows:
                yield Point(row[0], dataset_id, row[1], row[2], row[4], _read_metadata(row[3]))
            after = rows[-1][0]

    async def count(self, dataset_id: str) -> int:
        """See `VectorStore.count`."""
        async with said(), self._pool.acquire() as connection:
            known = await self._find(connection, dataset_id)
            rows = await self._fetch(connection, known[0], "SELECT count(*) FROM {table}") if known else []
        return int(rows[0][0]) if rows else 0

    async def datasets(self) -> dict[str, int | None]:
        """See `VectorStore.datasets`."""
        async with said():
            rows = await self._pool.fetch(self._named("SELECT id, dimension FROM {datasets} ORDER BY id"))
        return {row[0]: row[1] for row in rows}

    async def rebuild_index(self, dataset_id: str) -> None:
        """See `VectorStore.rebuild_index`."""
        after = ""
        while rows := await self._page(dataset_id, after):
            terms = [(row[0], *schema.write_terms(row[2])) for row in rows]
            update = "UPDATE {table} SET terms = $2::text::tsvector, length = $3 WHERE id = $1"
            async with said(), self._pool.acquire() as connection:
                known = await self._find(connection, dataset_id)
                if known is not None:
                    await connection.executemany(self._named(update, known[0]), terms)
            after = rows[-1][0]
        await self._execute(dataset_id, "REINDEX TABLE {table}")

    async def check(self) -> None:
        """See `VectorStore.check`."""
        async with said():
            await self._pool.fetchval(self._named("SELECT count(*) FROM {datasets}"))

    async def close(self) -> None:
        """See `VectorStore.close`."""
        async with said():
            await self._pool.close()

    def _named(self, sql: str, number: int = 0) -> str:
        """The statement with the names of tables, which cannot be bound."""
        return sql.replace("{datasets}", f'"{self._prefix}_datasets"').replace(
            "{table}", f'"{self._prefix}_{int(number)}"'
        )

    async def _find(self, connection: Connection, dataset_id: str) -> tuple[int, int | None] | None:
        """Number and dimension of the dataset."""
        row = await connection.fetchrow(
            self._named("SELECT number, dimension FROM {datasets} WHERE id = $1"), dataset_id
        )
        return None if row is None else (row[0], row[1])

    async def _fetch(self, connection: Connection, number: int, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Rows of a dataset; none when it was dropped meanwhile."""
        try:
            return await connection.fetch(self._named(sql, number), *values)
        except asyncpg.UndefinedTableError:
            return []

    async def _page(self, dataset_id: str, after: str) -> list[asyncpg.Record]:
        async with said(), self._pool.acquire() as connection:
            known = await self._find(connection, dataset_id)
            return await self._fetch(connection, known[0], _POINTS, after, _PAGE) if known else []

    async def _execute(self, dataset_id: str, sql: str, *values: Any) -> None:
        async with said(), self._pool.acquire() as connection:
            known = await self._find(connection, dataset_id)
            if known is not None:
                await self._fetch(connection, known[0], sql, *values)


def _row(point: Point, dimension: int | None) -> tuple[Any, ...]:
    if point.vector is not None and len(point.vector) != dimension:
        raise other_dimension(point.dataset_id, len(point.vector), dimension)
    metadata = json.dumps(dict(point.metadata), ensure_ascii=False)
    return (point.id, point.document_id, metadata, point.text, *schema.write_terms(point.text), point.vector)


def _hits(rows: Iterable[asyncpg.Record]) -> list[Hit]:
    # A vector of zeros has the distance NaN.
    found = [row for row in rows if row[4] is not None and not math.isnan(row[4])]
    found.sort(key=lambda row: (-row[4], row[0]))
    return [Hit(row[0], row[1], min(1.0, max(0.0, row[4])), row[2], _read_metadata(row[3])) for row in found]


def _read_metadata(text: str) -> dict[str, MetadataValue]:
    metadata: dict[str, MetadataValue] = json.loads(text, parse_int=_read_whole_number)
    return metadata


def _read_whole_number(digits: str) -> int | float:
    return int(digits) if len(digits.lstrip("-")) <= _LONGEST_INTEGER else float(digits)
