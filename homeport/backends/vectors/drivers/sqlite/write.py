"""Everything that changes the file. Table and indexes change in one transaction, so they always agree."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, cast

import apsw

from homeport.backends.vectors.drivers.sqlite.connect import writing
from homeport.backends.vectors.drivers.sqlite.schema import for_dataset, for_dimension, text_index, vector_index
from homeport.backends.vectors.errors import other_dataset_dimension, other_dimension, unknown_dataset
from homeport.backends.vectors.port import Point
from homeport.backends.vectors.tokenize_text import tokenize_text

_NUMBERS_BY_ID = "SELECT number FROM point WHERE dataset = ? AND id IN (SELECT value FROM json_each(?))"
_NUMBERS_BY_DOCUMENT = "SELECT number FROM point WHERE dataset = ? AND document_id = ?"


def create(connection: apsw.Connection, dataset_id: str, dimension: int | None) -> None:
    """See `VectorStore.create`."""
    known = find_dataset(connection, dataset_id)
    if known is not None and (dimension is None or known[1] == dimension):
        return
    with writing(connection):
        known = find_dataset(connection, dataset_id)
        if known is None:
            connection.execute("INSERT INTO dataset (id, dimension) VALUES (?, ?)", (dataset_id, dimension))
            connection.execute(text_index(connection.last_insert_rowid()))
        elif dimension is None:
            return
        elif known[1] is not None and known[1] != dimension:
            raise other_dataset_dimension(dataset_id, dimension, known[1])
        else:
            connection.execute("UPDATE dataset SET dimension = ? WHERE number = ?", (dimension, known[0]))
        if dimension is not None:
            connection.execute(vector_index(dimension))


def add_texts(connection: apsw.Connection, points: Sequence[Point]) -> None:
    """See `VectorStore.add_texts`."""
    # The costly part, before others have to wait for the transaction.
    terms = {id(point): " ".join(tokenize_text(point.text)) for point in points}
    by_dataset = attrgetter("dataset_id")
    with writing(connection):
        for dataset_id, group in groupby(sorted(points, key=by_dataset), key=by_dataset):
            _add(connection, dataset_id, list(group), terms)


def delete_by_ids(connection: apsw.Connection, dataset_id: str, ids: Sequence[str]) -> None:
    """See `VectorStore.delete_by_ids`."""
    _delete(connection, dataset_id, _NUMBERS_BY_ID, json.dumps(list(ids)))


def delete_by_document_id(connection: apsw.Connection, dataset_id: str, document_id: str) -> None:
    """See `VectorStore.delete_by_document_id`."""
    _delete(connection, dataset_id, _NUMBERS_BY_DOCUMENT, document_id)


def drop(connection: apsw.Connection, dataset_id: str) -> None:
    """See `VectorStore.drop`."""
    with writing(connection):
        known = find_dataset(connection, dataset_id)
        if known is None:
            return
        number, dimension = known
        if dimension is not None:
            _empty_vector_index(connection, number, dimension)
        connection.execute(for_dataset("DROP TABLE {text}", number))
        connection.execute(
            "DELETE FROM embedding WHERE point IN (SELECT number FROM point WHERE dataset = ?)", (number,)
        )
        connection.execute("DELETE FROM dataset WHERE number = ?", (number,))
        connection.execute("DELETE FROM point WHERE dataset = ?", (number,))


def rebuild_index(connection: apsw.Connection, dataset_id: str) -> None:
    """See `VectorStore.rebuild_index`."""
    with writing(connection):
        known = find_dataset(connection, dataset_id)
        if known is None:
            return
        number, dimension = known
        if dimension is not None:
            connection.execute(vector_index(dimension))
            _empty_vector_index(connection, number, dimension)
            rows = connection.execute(
                "SELECT point, vector FROM embedding JOIN point ON point = number WHERE dataset = ?", (number,)
            )
            _index_vectors(connection, number, dimension, rows)
        connection.execute(for_dataset("DROP TABLE IF EXISTS {text}", number))
        connection.execute(text_index(number))
        texts = connection.execute("SELECT number, text FROM point WHERE dataset = ?", (number,))
        _index_terms(connection, number, ((point, " ".join(tokenize_text(text))) for point, text in texts))


def find_dataset(connection: apsw.Connection, dataset_id: str) -> tuple[int, int | None] | None:
    """Number and dimension of the dataset."""
    found = connection.execute("SELECT number, dimension FROM dataset WHERE id = ?", (dataset_id,)).fetchone()
    return cast("tuple[int, int | None] | None", found)


def _add(connection: apsw.Connection, dataset_id: str, points: list[Point], terms: dict[int, str]) -> None:
    known = find_dataset(connection, dataset_id)
    if known is None:
        raise unknown_dataset(dataset_id)
    dataset, dimension = known
    wrong = next((p.vector for p in points if p.vector is not None and len(p.vector) != dimension), None)
    if wrong is not None:
        raise other_dimension(dataset_id, len(wrong), dimension)
    replaced = connection.execute(_NUMBERS_BY_ID, (dataset, json.dumps([point.id for point in points])))
    _remove(connection, dataset, dimension, [number for (number,) in replaced])
    first: int = connection.execute("SELECT ifnull(max(number), 0) + 1 FROM point").get
    numbered = list(enumerate(points, first))
    connection.executemany(
        "INSERT INTO point (number, dataset, id, document_id, metadata, text) VALUES (?, ?, ?, ?, ?, ?)",
        (
            (number, dataset, p.id, p.document_id, json.dumps(p.metadata, ensure_ascii=False), p.text)
            for number, p in numbered
        ),
    )
    _index_terms(connection, dataset, ((number, terms[id(point)]) for number, point in numbered))
    vectors = [(number, array("f", p.vector).tobytes()) for number, p in numbered if p.vector is not None]
    if vectors and dimension is not None:
        connection.executemany("INSERT INTO embedding (point, vector) VALUES (?, ?)", vectors)
        _index_vectors(connection, dataset, dimension, vectors)


def _index_terms(connection: apsw.Connection, dataset: int, rows: Iterable[tuple[int, str]]) -> None:
    connection.executemany(for_dataset("INSERT INTO {text} (rowid, terms) VALUES (?, ?)", dataset), rows)


def _index_vectors(connection: apsw.Connection, dataset: int, dimension: int, rows: Iterable[tuple[Any, ...]]) -> None:
    """Vectors of zeros stay out: they have no cosine with anything."""
    insert = for_dimension("INSERT INTO {vector} (number, dataset, embedding) VALUES (?, ?, ?)", dimension)
    connection.executemany(insert, ((number, dataset, vector) for number, vector in rows if any(vector)))


def _empty_vector_index(connection: apsw.Connection, dataset: int, dimension: int) -> None:
    find = for_dimension("SELECT number FROM {vector} WHERE dataset = ?", dimension)
    indexed = connection.execute(find, (dataset,)).fetchall()
    connection.executemany(for_dimension("DELETE FROM {vector} WHERE number = ?", dimension), indexed)


def _delete(connection: apsw.Connection, dataset_id: str, select: str, wanted: str) -> None:
    with writing(connection):
        known = find_dataset(connection, dataset_id)
        if known is not None:
            dataset, dimension = known
            numbers = [number for (number,) in connection.execute(select, (dataset, wanted))]
            _remove(connection, dataset, dimension, numbers)


def _remove(connection: apsw.Connection, dataset: int, dimension: int | None, numbers: list[int]) -> None:
    if not numbers:
        return

    def rows() -> Iterator[tuple[int]]:
        return ((number,) for number in numbers)

    connection.executemany(for_dataset("DELETE FROM {text} WHERE rowid = ?", dataset), rows())
    if dimension is not None:
        connection.executemany(for_dimension("DELETE FROM {vector} WHERE number = ?", dimension), rows())
        connection.executemany("DELETE FROM embedding WHERE point = ?", rows())
    connection.executemany("DELETE FROM point WHERE number = ?", rows())
