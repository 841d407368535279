"""What every vector store allows a search to find."""

from __future__ import annotations

from typing import Any

import pytest

from homeport.backends.vectors.errors import InvalidInput
from homeport.backends.vectors.port import Condition, Filter, MetadataValue, Point, VectorStore

METADATA: dict[str, dict[str, MetadataValue]] = {
    "text": {"k": "Anchor"},
    "lower": {"k": "anchor chain"},
    "digits": {"k": "5"},
    "five": {"k": 5},
    "five.0": {"k": 5.0},
    "big": {"k": 7.5},
    "one": {"k": 1},
    "true": {"k": True},
    "false": {"k": False},
    "empty": {"k": ""},
    "null": {"k": None},
    "absent": {"other": "Anchor"},
    "signs": {"k": "50% of_all"},
}

#: Operator, value, and who is allowed; for negated operators everybody else is.
CASES: list[tuple[str, Any, str]] = [
    ("is", "Anchor", "text"),
    ("is", "5", "digits"),
    ("is", 5, "five five.0"),
    ("is", 1, "one"),
    ("is", True, "true"),
    ("is", False, "false"),
    ("is", "", "empty"),
    ("is", "nobody", ""),
    ("in", ("Anchor", 7.5, True), "text big true"),
    ("in", (), ""),
    ("contains", "nchor", "text lower"),
    ("contains", "A", "text"),
    ("contains", "0% of_", "signs"),
    ("contains", "%", "signs"),
    ("contains", "", "text lower digits empty signs"),
    ("start with", "anchor", "lower"),
    ("start with", "5", "digits signs"),
    ("start with", "", "text lower digits empty signs"),
    ("end with", "chain", "lower"),
    ("end with", "a very long ending indeed", ""),
    ("end with", "", "text lower digits empty signs"),
    ("=", 5, "five five.0"),
    ("=", "5", "five five.0"),
    ("=", " 7.5 ", "big"),
    (">", 5, "big"),
    ("≥", 5, "five five.0 big"),
    ("<", 5, "one"),
    ("≤", "5.0", "one five five.0"),
    ("before", 2, "one"),
    ("after", 2**62, ""),
    ("after", -1e300, "one five five.0 big"),
    ("empty", None, "empty null absent"),
]
NEGATIONS = {"is": "is not", "in": "not in", "contains": "not contains", "=": "≠", "empty": "not empty"}


async def _fill(vectors: VectorStore, metadata: dict[str, dict[str, MetadataValue]]) -> None:
    await vectors.create("kb", 2)
    await vectors.add_texts(
        [
            Point(name, "kb", f"doc-{name}", "same words", [1.0, number], values)
            for number, (name, values) in enumerate(metadata.items())
        ]
    )


async def _allowed(vectors: VectorStore, asked: Filter) -> set[str]:
    """Whom both searches find with this filter."""
    by_vector = {hit.id for hit in await vectors.search_by_vector("kb", [1, 0], 100, filter=asked)}
    by_words = {hit.id for hit in await vectors.search_by_full_text("kb", "words", 100, asked)}
    assert by_vector == by_words
    return by_vector


async def test_every_operator_allows_whom_it_should(vectors: VectorStore) -> None:
    await _fill(vectors, METADATA)
    for operator, value, names in CASES:
        condition = Condition("k", operator, value)  # type: ignore[arg-type]
        assert await _allowed(vectors, Filter((condition,))) == set(names.split()), condition


async def test_a_negated_operator_allows_everybody_else(vectors: VectorStore) -> None:
    await _fill(vectors, METADATA)
    for operator, value, names in CASES:
        if operator in NEGATIONS:
            condition = Condition("k", NEGATIONS[operator], value)  # type: ignore[arg-type]
            assert await _allowed(vectors, Filter((condition,))) == set(METADATA) - set(names.split()), condition


async def test_conditions_are_joined_by_and_or_or(vectors: VectorStore) -> None:
    await _fill(vectors, {"ab": {"x": "a", "y": "b"}, "a": {"x": "a"}, "b": {"y": "b"}, "none": {}})
    conditions = (Condition("x", "is", "a"), Condition("y", "not empty"))
    assert await _allowed(vectors, Filter(conditions)) == {"ab"}
    assert await _allowed(vectors, Filter(conditions, logic="or")) == {"ab", "a", "b"}
    assert await _allowed(vectors, Filter()) == {"ab", "a", "b", "none"}


async def test_documents_may_be_named_and_excluded(vectors: VectorStore) -> None:
    await _fill(vectors, {"a": {"k": 1}, "b": {"k": 2}, "c": {"k": 3}})
    assert await _allowed(vectors, Filter(document_ids=("doc-a", "doc-b", "unknown"))) == {"a", "b"}
    assert await _allowed(vectors, Filter(exclude_document_ids=("doc-a",))) == {"b", "c"}
    assert await _allowed(vectors, Filter(document_ids=())) == set()
    both = Filter((Condition("k", "≥", 2),), document_ids=("doc-a", "doc-b"), exclude_document_ids=("doc-a",))
    assert await _allowed(vectors, both) == {"b"}


async def test_or_between_conditions_does_not_loosen_the_documents(vectors: VectorStore) -> None:
    await _fill(vectors, {"a": {"k": 1}, "b": {"k": 2}})
    either = (Condition("k", "=", 1), Condition("k", "=", 2))
    assert await _allowed(vectors, Filter(either, logic="or", document_ids=("doc-a",))) == {"a"}


async def test_thousands_of_documents_may_be_named(vectors: VectorStore) -> None:
    await _fill(vectors, {"a": {}, "b": {}})
    others = tuple(f"doc-{n}" for n in range(5000))
    assert await _allowed(vectors, Filter(document_ids=(*others, "doc-a"))) == {"a"}
    assert await _allowed(vectors, Filter(exclude_document_ids=(*others, "doc-a"))) == {"b"}


async def test_the_filter_comes_before_the_number_of_hits(vectors: VectorStore) -> None:
    await vectors.create("kb", 2)
    crowd = [Point(f"{n}", "kb", "crowd", "word " * 5, [1.0, n / 10_000]) for n in range(600)]
    await vectors.add_texts([*crowd, Point("lone", "kb", "lone", "a word among many others", [-1.0, 0.1], {"k": "x"})])
    for asked in (Filter((Condition("k", "is", "x"),)), Filter(document_ids=("lone",))):
        assert [hit.id for hit in await vectors.search_by_vector("kb", [1, 0], 2, filter=asked)] == ["lone"]
        assert [hit.id for hit in await vectors.search_by_full_text("kb", "word", 2, asked)] == ["lone"]


@pytest.mark.parametrize(
    "key",
    [
        "a.b",
        'quo"te',
        "apo'strophe",
        "back\\slash",
        "$",
        "$.k",
        "[0]",
        "日本語",
        "",
        " ",
        "k'); DROP TABLE point; --",
        "?",
    ],
)
async def test_a_key_may_be_any_text(vectors: VectorStore, key: str) -> None:
    await _fill(vectors, {"with": {key: "v"}, "without": {"k": "v", "a": "v"}})
    assert await _allowed(vectors, Filter((Condition(key, "is", "v"),))) == {"with"}
    assert await _allowed(vectors, Filter((Condition(key, "empty"),))) == {"without"}


@pytest.mark.parametrize("value", ["'; DROP TABLE point; --", '"', "\\", "%", "a\x00b", "日本語", "🚢"])
async def test_a_value_may_be_any_text(vectors: VectorStore, value: str) -> None:
    await _fill(vectors, {"with": {"k": value}, "without": {"k": "other"}})
    for operator in ("is", "contains", "start with", "end with"):
        assert await _allowed(vectors, Filter((Condition("k", operator, value),))) == {"with"}
    assert await _allowed(vectors, Filter((Condition("k", "in", (value, "x")),))) == {"with"}


@pytest.mark.parametrize(
    "wrong",
    [
        Condition("k", "="),
        Condition("k", "<", "five"),
        Condition("k", ">", True),
        Condition("k", "≥", float("nan")),
        Condition("k", "contains", 5),
        Condition("k", "in", "a"),
        Condition("k", "is"),
        Condition("k", "is", ("a",)),
        Condition("k", "like", "a"),  # type: ignore[arg-type]
    ],
)
async def test_a_condition_that_makes_no_sense_is_refused(vectors: VectorStore, wrong: Condition) -> None:
    await vectors.create("kb", 2)
    with pytest.raises(InvalidInput, match=r"accepted|unknown"):
        await vectors.search_by_full_text("kb", "x", 5, Filter((wrong,)))


async def test_many_conditions_are_taken_and_too_many_refused(vectors: VectorStore) -> None:
    await _fill(vectors, {"a": {"k": 7}, "b": {"k": -1}})
    conditions = tuple(Condition("k", "=", number) for number in range(200))
    assert await _allowed(vectors, Filter(conditions, logic="or")) == {"a"}
    with pytest.raises(InvalidInput, match="201 conditions"):
        await vectors.search_by_full_text("kb", "words", 5, Filter((*conditions, conditions[0]), logic="or"))
