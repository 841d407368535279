"""What every vector store finds, and in which order."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable

import pytest

from homeport.backends.vectors.errors import InvalidInput
from homeport.backends.vectors.port import Condition, Filter, Hit, Point, VectorStore

#: What users type that means something to SQLite, PostgreSQL or a careless programmer.
HOSTILE = [
    "",
    " ",
    '"',
    "'",
    "refund'",
    '"refund',
    'refund"" OR "',
    "refund AND NOT policy",
    "NEAR(refund, 5)",
    "terms:refund",
    "refund*",
    "^refund",
    "(refund",
    "-refund +policy",
    "refund & | ! <-> :*",
    "'; DROP TABLE point; --",
    "refund\x00policy",
    "\ud800",
    "\\",
    "%_?",
    "{refund}",
    "\u200b\ufeff",
    "refund " * 2000,
    "x" * 100_000,
    "🚢",
]


def _ids(hits: Iterable[Hit]) -> list[str]:
    return [hit.id for hit in hits]


async def _fill(*stores: VectorStore, texts: dict[str, str]) -> None:
    for store in stores:
        await store.create("kb", None)
        await store.add_texts([Point(point_id, "kb", f"doc-{point_id}", text) for point_id, text in texts.items()])


def _random_points(number: int, dimension: int) -> list[Point]:
    dice = random.Random(7)
    words = [f"word{n}" for n in range(200)]
    return [
        Point(
            id=f"p{n:03}",
            dataset_id="kb",
            document_id=f"doc{n % 7}",
            text=" ".join(words[min(199, int(dice.paretovariate(0.6)))] for _ in range(dice.randint(1, 60))),
            vector=[dice.gauss(0, 1) for _ in range(dimension)],
            metadata={"n": n, "even": n % 2 == 0},
        )
        for n in range(number)
    ]


def _assert_same(found: list[Hit], expected: list[Hit]) -> None:
    assert _ids(found) == _ids(expected)
    assert [hit.score for hit in found] == pytest.approx([hit.score for hit in expected], abs=1e-5)
    assert [(hit.document_id, hit.text, hit.metadata) for hit in found] == [
        (hit.document_id, hit.text, hit.metadata) for hit in expected
    ]


@pytest.mark.parametrize("dimension", [2, 384, 3072, 4100])
async def test_search_by_vector_agrees_with_the_reference(
    vectors: VectorStore, reference: VectorStore, dimension: int
) -> None:
    points = _random_points(60, dimension)
    for store in (vectors, reference):
        await store.create("kb", dimension)
        await store.add_texts(points)
    for asked in (None, Filter((Condition("even", "is", True),), exclude_document_ids=("doc3",))):
        for point in points[:3]:
            vector = [number + 0.1 for number in point.vector or ()]
            found = await vectors.search_by_vector("kb", vector, 10, filter=asked)
            _assert_same(found, await reference.search_by_vector("kb", vector, 10, filter=asked))


async def test_search_by_full_text_agrees_with_the_reference(vectors: VectorStore, reference: VectorStore) -> None:
    points = _random_points(300, 2)
    for store in (vectors, reference):
        await store.create("kb", 2)
        await store.add_texts(points)
        await store.delete_by_document_id("kb", "doc5")
        await store.add_texts(points[::3])
    queries = ["word1", "word1 word2 word150 what is word7", "word199 nowhere", "word3 " * 5]
    for asked in (None, Filter((Condition("n", "<", 200),), document_ids=("doc1", "doc5"))):
        for query in queries:
            found = await vectors.search_by_full_text("kb", query, 20, asked)
            _assert_same(found, await reference.search_by_full_text("kb", query, 20, asked))


async def test_search_by_vector_finds_the_nearest_first(vectors: VectorStore) -> None:
    await vectors.create("kb", 2)
    angles = {"near": 10, "nearer": 5, "far": 80, "behind": 170}
    for name, degrees in angles.items():
        vector = [3 * math.cos(math.radians(degrees)), 3 * math.sin(math.radians(degrees))]
        await vectors.add_texts([Point(name, "kb", "d", name, vector)])
    hits = await vectors.search_by_vector("kb", [1, 0], 10)
    assert _ids(hits) == ["nearer", "near", "far", "behind"]
    expected = [math.cos(math.radians(degrees)) for degrees in (5, 10, 80)]
    assert [hit.score for hit in hits] == pytest.approx([*expected, 0.0], abs=1e-5)
    assert _ids(await vectors.search_by_vector("kb", [1, 0], 2)) == ["nearer", "near"]


async def test_the_score_threshold_leaves_out_what_is_below(vectors: VectorStore) -> None:
    await vectors.create("kb", 2)
    await vectors.add_texts([Point("same", "kb", "d", "", [1, 0]), Point("half", "kb", "d", "", [1, 1.7320508])])
    assert _ids(await vectors.search_by_vector("kb", [2, 0], 5, score_threshold=0.4)) == ["same", "half"]
    assert _ids(await vectors.search_by_vector("kb", [2, 0], 5, score_threshold=0.6)) == ["same"]
    assert _ids(await vectors.search_by_vector("kb", [2, 0], 5, score_threshold=0.0)) == ["same", "half"]


async def test_points_of_equal_score_come_in_the_order_of_ids(vectors: VectorStore) -> None:
    await vectors.create("kb", 2)
    await vectors.add_texts([Point(name, "kb", "d", "equal", [1, 1]) for name in "cadb"])
    assert _ids(await vectors.search_by_vector("kb", [1, 0], 4)) == ["a", "b", "c", "d"]
    assert _ids(await vectors.search_by_full_text("kb", "equal", 4)) == ["a", "b", "c", "d"]
    assert _ids(await vectors.search_by_full_text("kb", "equal", 2)) == ["a", "b"]


async def test_a_vector_of_zeros_finds_nothing_and_is_never_found(vectors: VectorStore) -> None:
    await vectors.create("kb", 2)
    await vectors.add_texts([Point("zero", "kb", "d", "zero", [0, 0]), Point("one", "kb", "d", "one", [1, 0])])
    assert await vectors.search_by_vector("kb", [0, 0], 5) == []
    assert _ids(await vectors.search_by_vector("kb", [1, 0], 5)) == ["one"]
    assert _ids(await vectors.search_by_full_text("kb", "zero", 5)) == ["zero"]
    await vectors.delete_by_ids("kb", ["zero"])
    assert await vectors.count("kb") == 1


async def test_search_returns_nothing_for_an_empty_or_unknown_dataset(vectors: VectorStore) -> None:
    await vectors.create("kb", 2)
    await vectors.create("texts", None)
    for dataset_id in ("kb", "texts", "unknown"):
        assert await vectors.search_by_vector(dataset_id, [1, 0], 5) == []
        assert await vectors.search_by_full_text(dataset_id, "anything", 5) == []
        assert [point async for point in vectors.points(dataset_id)] == []
        assert await vectors.count(dataset_id) == 0


async def test_one_word_in_common_is_enough_and_more_are_better(vectors: VectorStore) -> None:
    await _fill(
        vectors,
        texts={
            "both": "The refund policy of the shop.",
            "one": "A refund takes three days.",
            "none": "Opening hours of the museum.",
        },
    )
    hits = await vectors.search_by_full_text("kb", "What is your refund policy?", 5)
    assert _ids(hits) == ["both", "one"]
    assert 1 >= hits[0].score > hits[1].score > 0


async def test_rare_words_weigh_more_than_common_ones(vectors: VectorStore) -> None:
    texts = {f"common{n}": f"customer number {n}" for n in range(20)}
    await _fill(vectors, texts=texts | {"rare": "customer with an anchor", "other": "an anchor at sea"})
    assert _ids(await vectors.search_by_full_text("kb", "customer anchor", 2)) == ["rare", "other"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("policies", ["policy"]),
        ("RUNNING shoe", ["runs"]),
        ("cafe creme", ["café"]),
        ("ＡＢＣ１２３", ["abc"]),
        ("Straße", ["strasse"]),
        ("wi-fi 802.11", ["wifi"]),
        ("北京", ["chinese"]),
        ("猫", ["cat"]),
        ("東京タワー", ["japanese"]),
        ("서울", ["korean"]),
        ("กรุงเทพ", ["thai"]),
        ("हिन्दी", ["hindi"]),
        ("москве", []),
        ("МОСКВА", ["russian"]),
        ("天京", []),
    ],
)
async def test_words_are_found_in_other_forms_and_scripts(vectors: VectorStore, query: str, found: list[str]) -> None:
    texts = {
        "policy": "Our policy changed.",
        "runs": "She runs every day.",
        "café": "Un café crème, s'il vous plaît.",
        "abc": "The code is abc123.",
        "strasse": "Die STRASSE ist lang.",
        "wifi": "Wi-Fi after IEEE 802.11ac",
        "chinese": "我爱北京天安门。",
        "cat": "这是一只猫",
        "japanese": "東京タワーに登りました",
        "korean": "나는 서울에 살아요",
        "thai": "ฉันอยู่กรุงเทพมหานคร",
        "hindi": "मुझे हिन्दी आती है",
        "russian": "Москва — столица",
    }
    await _fill(vectors, texts=texts)
    assert _ids(await vectors.search_by_full_text("kb", query, 1)) == found


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: repr(query[:20]))
async def test_no_character_of_a_query_has_a_meaning(vectors: VectorStore, reference: VectorStore, query: str) -> None:
    texts = {"a": "The refund policy", "b": "Near the terms of AND OR NOT", "c": "unrelated drop in the ocean"}
    await _fill(vectors, reference, texts=texts)
    found = await vectors.search_by_full_text("kb", query, 5)
    _assert_same(found, await reference.search_by_full_text("kb", query, 5))
    assert ("a" in _ids(found)) == ("refund" in query)


async def test_texts_without_words_do_no_harm(vectors: VectorStore) -> None:
    await _fill(vectors, texts={"empty": "", "signs": "!!! --- ...", "word": "word"})
    assert _ids(await vectors.search_by_full_text("kb", "word", 5)) == ["word"]


async def test_a_long_text_is_found_by_its_last_word(vectors: VectorStore) -> None:
    text = " ".join(f"word{n}" for n in range(15_000)) + " lighthouse" * 300
    await _fill(vectors, texts={"long": text, "short": "a short text"})
    assert _ids(await vectors.search_by_full_text("kb", "lighthouse", 5)) == ["long"]


@pytest.mark.parametrize("top_k", [0, -1, 100_000])
async def test_a_number_of_hits_out_of_range_is_refused(vectors: VectorStore, top_k: int) -> None:
    with pytest.raises(InvalidInput, match="accepted are 1 to"):
        await vectors.search_by_full_text("kb", "x", top_k)
    with pytest.raises(InvalidInput, match="accepted are 1 to"):
        await vectors.search_by_vector("kb", [1, 0], top_k)


async def test_the_largest_number_of_hits_is_given(vectors: VectorStore) -> None:
    most = vectors.capabilities.largest_top_k
    await vectors.create("kb", 2)
    await vectors.add_texts([Point(f"{n:05}", "kb", "d", "same", [1, n]) for n in range(most + 50)])
    hits = await vectors.search_by_vector("kb", [1, 0], most)
    assert len(hits) == most
    assert _ids(hits)[:3] == ["00000", "00001", "00002"]
    assert _ids(await vectors.search_by_full_text("kb", "same", most)) == [f"{n:05}" for n in range(most)]
