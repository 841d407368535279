"""The tables of the file. Points and vectors are kept in ordinary tables; the two indexes can be made from them anew.

- `dataset`: one row each; `number` names its tables, `points` is kept by triggers.
- `point`: everything about a point but its vector. Its `number` is the row in both indexes.
- `embedding`: the vectors, apart so that a filter over metadata reads few pages.
- `vector_<dimension>`: index of sqlite-vec, one table per dimension, partitioned by dataset: a search reads one
  dataset only.
- `text_<dataset>`: full-text index of FTS5, one table per dataset, so that what is in other datasets weighs neither on
  ranks nor on time. It gets terms already cut (`tokenize_text`), which its tokenizer separates at blanks.
"""

from __future__ import annotations

#: Raise it with every change of the tables.
VERSION = 1

TABLES = """
CREATE TABLE IF NOT EXISTS dataset (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, dimension INTEGER, points INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS point (
    number INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, id TEXT NOT NULL, document_id TEXT NOT NULL,
    metadata TEXT NOT NULL, text TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS point_by_id ON point (dataset, id);
CREATE INDEX IF NOT EXISTS point_by_document ON point (dataset, document_id);
CREATE TABLE IF NOT EXISTS embedding (point INTEGER PRIMARY KEY, vector BLOB NOT NULL);
CREATE TRIGGER IF NOT EXISTS point_added AFTER INSERT ON point BEGIN
    UPDATE dataset SET points = points + 1 WHERE number = new.dataset;
END;
CREATE TRIGGER IF NOT EXISTS point_removed AFTER DELETE ON point BEGIN
    UPDATE dataset SET points = points - 1 WHERE number = old.dataset;
END;
"""

_TEXT_INDEX = """
CREATE VIRTUAL TABLE {text} USING fts5(terms, content='', contentless_delete=1, tokenize='ascii')
"""
_VECTOR_INDEX = """
CREATE VIRTUAL TABLE IF NOT EXISTS {vector} USING vec0(
    number INTEGER PRIMARY KEY, dataset INTEGER PARTITION KEY,
    embedding FLOAT[{dimension}] distance_metric=cosine, chunk_size=256
)
"""


def text_index(dataset: int) -> str:
    """The statement that makes the full-text index of a dataset, by its number."""
    return for_dataset(_TEXT_INDEX, dataset)


def vector_index(dimension: int) -> str:
    """The statement that makes the vector index of a dimension unless it is there."""
    return for_dimension(_VECTOR_INDEX, dimension)


def for_dataset(sql: str, dataset: int) -> str:
    """The statement with the name of the dataset's full-text index in place of `{text}`; names cannot be bound."""
    return sql.replace("{text}", f"text_{int(dataset)}")


def for_dimension(sql: str, dimension: int) -> str:
    """The statement with the name of the dimension's vector index in place of `{vector}`."""
    return sql.replace("{vector}", f"vector_{int(dimension)}").replace("{dimension}", str(int(dimension)))
