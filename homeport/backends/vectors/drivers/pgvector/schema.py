"""The tables in PostgreSQL: one that lists the datasets, and one for each, so that a drop is done at once.

`terms` holds what `tokenize_text` gives, every term with the positions 1 to its frequency; no dictionary of the server
is asked, so ranks do not depend on its locale.
"""

from __future__ import annotations

from collections import Counter

from homeport.backends.vectors.tokenize_text import tokenize_text

#: pgvector indexes 32-bit vectors up to the first, half-precision ones up to the second number of dimensions.
_MOST_INDEXED = 2000
_MOST_INDEXED_HALF = 4000
#: PostgreSQL keeps 255 positions of a term, and a megabyte of terms.
_MOST_FREQUENT = 255
_MOST_TERMS = 20_000
_POSITIONS = tuple(",".join(map(str, range(1, frequency + 1))) for frequency in range(_MOST_FREQUENT + 1))

DATASETS = """
CREATE TABLE IF NOT EXISTS {datasets} (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE, dimension integer
)
"""
POINTS = """
CREATE TABLE {table} (
    id text COLLATE "C" PRIMARY KEY, document_id text COLLATE "C" NOT NULL, metadata jsonb NOT NULL,
    text text NOT NULL, terms tsvector NOT NULL, length integer NOT NULL, embedding vector
);
CREATE INDEX ON {table} (document_id);
CREATE INDEX ON {table} USING gin (terms);
"""
_DIMENSION = "ALTER TABLE {table} ALTER COLUMN embedding TYPE vector({dimension});"
_INDEX = "CREATE INDEX ON {table} USING hnsw (embedding vector_cosine_ops);"
_INDEX_HALF = "CREATE INDEX ON {table} USING hnsw ((embedding::halfvec({dimension})) halfvec_cosine_ops);"

#: The best of the candidates that the index of half precision gives, in full precision.
_NEAREST_HALF = """
SELECT id, document_id, text, metadata, 1 - (embedding <=> $1) AS score FROM (
    SELECT * FROM {table} WHERE embedding IS NOT NULL AND {allowed}
    ORDER BY embedding::halfvec({dimension}) <=> $1::vector::halfvec({dimension}) LIMIT $2 * 4
) AS candidate ORDER BY embedding <=> $1 LIMIT $2
"""
_NEAREST = """
SELECT id, document_id, text, metadata, 1 - (embedding <=> $1) AS score FROM {table}
WHERE embedding IS NOT NULL AND {allowed} ORDER BY embedding <=> $1 LIMIT $2
"""


def set_dimension(dimension: int) -> str:
    """The statements that give a table its dimension, and an index where pgvector has one for it."""
    index = _INDEX if dimension <= _MOST_INDEXED else _INDEX_HALF if dimension <= _MOST_INDEXED_HALF else ""
    return f"{_DIMENSION}{index}".replace("{dimension}", str(int(dimension)))


def nearest(dimension: int) -> str:
    """The search by vector: $1 the vector, $2 how many."""
    indexed_half = _MOST_INDEXED < dimension <= _MOST_INDEXED_HALF
    return (_NEAREST_HALF if indexed_half else _NEAREST).replace("{dimension}", str(int(dimension)))


def write_terms(text: str) -> tuple[str, int]:
    """The terms of a text as PostgreSQL reads them, and how many there are. They are letters and digits only."""
    terms = tokenize_text(text)
    counted = Counter(terms).most_common(_MOST_TERMS)
    return " ".join(f"'{term}':{_POSITIONS[min(number, _MOST_FREQUENT)]}" for term, number in counted), len(terms)


def list_frequency_bounds() -> list[float]:
    """From which value of `ts_rank` on a single term stands once, twice, ... in a text.

    With equal weights, PostgreSQL ranks a term that stands n times at (1 + 1/4 + 1/9 + ... + 1/n²) / 1.64493406685.
    """
    bounds = []
    rank = 0.0
    for frequency in range(1, _MOST_FREQUENT + 1):
        step = 1 / (frequency * frequency * 1.64493406685)
        bounds.append(rank + step / 2)
        rank += step
    return bounds
