"""What every vector store keeps of the points it is given."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from homeport.backends.vectors.errors import Conflict, InvalidInput, NotFound
from homeport.backends.vectors.port import MetadataValue, Point, VectorStore

A = Point("a", "books", "novel", "A whale hunts a captain.", [1.0, 0.0, 0.5], {"year": 1851})
B = Point("b", "books", "novel", "A captain hunts a whale.", [0.0, 1.0, 0.25], {"year": 1851})
C = Point("c", "books", "essay", "Walking in the woods.", [0.0, 0.5, 1.0])

STRANGE = [
    "'; DROP TABLE point; --",
    '"quoted" \\back\\slash',
    "percent % under_score ? $1 :name {text} {table}",
    "日本語 العربية हिन्दी ไทย",
    "emoji 🚢⚓ combining e\u0301",
    "line\nbreak\ttab\r\x01",
    "$.path[0]",
]


async def _stored(vectors: VectorStore, dataset_id: str) -> list[Point]:
    """All points, vectors as lists so that they compare."""
    return [
        replace(point, vector=None if point.vector is None else list(point.vector))
        async for point in vectors.points(dataset_id)
    ]


async def test_points_gives_back_everything_in_the_order_of_ids(vectors: VectorStore) -> None:
    await vectors.create("books", 3)
    await vectors.add_texts([C, A, B])
    assert await _stored(vectors, "books") == [A, B, C]


async def test_points_of_many_pages_come_exactly_once(vectors: VectorStore) -> None:
    await vectors.create("books", 2)
    await vectors.add_texts([Point(f"{n}", "books", "d", f"text {n}", [n, 1]) for n in range(901)])
    ids = [point.id async for point in vectors.points("books")]
    assert ids == sorted(str(n) for n in range(901))


async def test_points_may_be_left_unread(vectors: VectorStore) -> None:
    await vectors.create("books", 2)
    await vectors.add_texts([Point(f"{n}", "books", "d", "text") for n in range(300)])
    async for point in vectors.points("books"):
        assert point.id == "0"
        break
    assert await vectors.count("books") == 300


async def test_points_with_and_without_vectors_live_together(vectors: VectorStore) -> None:
    await vectors.create("books", 3)
    await vectors.add_texts([A, replace(B, vector=None)])
    assert await _stored(vectors, "books") == [A, replace(B, vector=None)]
    assert [hit.id for hit in await vectors.search_by_vector("books", [1, 1, 1], 5)] == ["a"]
    assert {hit.id for hit in await vectors.search_by_full_text("books", "captain", 5)} == {"a", "b"}


async def test_metadata_keeps_types_and_values(vectors: VectorStore) -> None:
    metadata: dict[str, MetadataValue] = {
        "text": "x",
        "empty": "",
        "whole": 2**63 - 1,
        "negative": -(2**63),
        "number": 0.1,
        "large": 1e300,
        "small": 5e-324,
        "true": True,
        "false": False,
        "nothing": None,
    }
    await vectors.create("books", None)
    await vectors.add_texts([Point("a", "books", "d", "x", None, metadata)])
    [stored] = await _stored(vectors, "books")
    assert stored.metadata == metadata
    assert stored.metadata["true"] is True
    [hit] = await vectors.search_by_full_text("books", "x", 1)
    assert hit.metadata == metadata


@pytest.mark.parametrize("strange", STRANGE)
async def test_strange_texts_come_back_as_they_went_in(vectors: VectorStore, strange: str) -> None:
    await vectors.create(strange, 2)
    point = Point(strange, strange, strange, strange, [1.0, 0.0], {strange: strange, "": strange})
    await vectors.add_texts([point])
    assert await _stored(vectors, strange) == [point]
    await vectors.delete_by_ids(strange, [strange])
    assert await vectors.count(strange) == 0


async def test_what_no_store_could_keep_becomes_a_replacement_character(vectors: VectorStore) -> None:
    await vectors.create("books", None)
    await vectors.add_texts([Point("a", "books", "d", "nul\x00 half\ud83d", None, {"k\x00": "v\udc00"})])
    [stored] = await _stored(vectors, "books")
    assert stored.text == "nul\ufffd half\ufffd"
    assert stored.metadata == {"k\ufffd": "v\ufffd"}


async def test_a_point_with_the_same_id_replaces_the_first(vectors: VectorStore) -> None:
    await vectors.create("books", 3)
    await vectors.add_texts([A, B])
    changed = Point("a", "books", "essay", "Quite another text.", [0.0, 0.0, 1.0], {"year": 2000})
    await vectors.add_texts([changed])
    assert await _stored(vectors, "books") == [changed, B]
    assert await vectors.count("books") == 2
    assert [hit.id for hit in await vectors.search_by_full_text("books", "captain", 5)] == ["b"]
    assert (await vectors.search_by_vector("books", [0, 0, 1], 1))[0].id == "a"


async def test_the_last_of_equal_ids_in_one_call_stays(vectors: VectorStore) -> None:
    await vectors.create("books", 3)
    await vectors.add_texts([A, replace(A, text="second")])
    assert [point.text for point in await _stored(vectors, "books")] == ["second"]


async def test_one_call_may_fill_several_datasets(vectors: VectorStore) -> None:
    await vectors.create("books", 3)
    await vectors.create("films", None)
    await vectors.add_texts([A, Point("a", "films", "d", "a film"), B])
    assert await vectors.count("books") == 2
    assert await vectors.count("films") == 1


async def test_a_vector_of_another_dimension_is_a_conflict_and_nothing_is_stored(vectors: VectorStore) -> None:
    await vectors.create("books", 3)
    with pytest.raises(Conflict, match=r"2 dimensions .* 'books', which takes vectors of 3 dimensions"):
        await vectors.add_texts([A, replace(B, vector=[1.0, 2.0])])
    assert await vectors.count("books") == 0
    with pytest.raises(Conflict):
        await vectors.search_by_vector("books", [1.0, 2.0], 1)


async def test_a_vector_for_a_dataset_of_text_only_is_a_conflict(vectors: VectorStore) -> None:
    await vectors.create("books", None)
    with pytest.raises(Conflict, match="text without vectors only"):
        await vectors.add_texts([A])


async def test_points_of_a_dataset_nobody_created_are_refused_and_nothing_is_stored(vectors: VectorStore) -> None:
    await vectors.create("books", 3)
    with pytest.raises(NotFound, match="'films'"):
        await vectors.add_texts([A, Point("a", "films", "d", "a film")])
    assert await vectors.count("books") == 0


async def test_create_may_be_repeated_but_not_with_another_dimension(vectors: VectorStore) -> None:
    await vectors.create("books", 3)
    await vectors.add_texts([A])
    await vectors.create("books", 3)
    await vectors.create("books", None)
    with pytest.raises(Conflict, match="4 dimensions and has 3"):
        await vectors.create("books", 4)
    assert await _stored(vectors, "books") == [A]


async def test_a_dataset_of_text_only_may_be_given_a_dimension(vectors: VectorStore) -> None:
    await vectors.create("books", None)
    await vectors.add_texts([replace(A, vector=None)])
    await vectors.create("books", 3)
    await vectors.add_texts([B])
    assert await _stored(vectors, "books") == [replace(A, vector=None), B]
    assert await vectors.datasets() == {"books": 3}


async def test_delete_by_ids_may_be_repeated_and_ignores_unknown_ids(vectors: VectorStore) -> None:
    await vectors.create("books", 3)
    await vectors.add_texts([A, B, C])
    for _ in range(2):
        await vectors.delete_by_ids("books", ["a", "unknown", "c"])
        assert await _stored(vectors, "books") == [B]
    await vectors.delete_by_ids("unknown", ["a"])
    await vectors.delete_by_ids("books", [])
    assert [hit.id for hit in await vectors.search_by_vector("books", [1, 1, 1], 9)] == ["b"]
    assert await vectors.search_by_full_text("books", "woods", 9) == []


async def test_delete_by_document_id_removes_that_document_only(vectors: VectorStore) -> None:
    await vectors.create("books", 3)
    await vectors.add_texts([A, B, C])
    for _ in range(2):
        await vectors.delete_by_document_id("books", "novel")
        assert await _stored(vectors, "books") == [C]
    await vectors.delete_by_document_id("unknown", "novel")


async def test_a_dropped_dataset_is_gone_and_may_come_back_with_another_dimension(vectors: VectorStore) -> None:
    await vectors.create("books", 3)
    await vectors.add_texts([A, B])
    for _ in range(2):
        await vectors.drop("books")
        assert await vectors.datasets() == {}
        assert await vectors.count("books") == 0
        assert await vectors.search_by_full_text("books", "whale", 5) == []
    await vectors.create("books", 2)
    await vectors.add_texts([replace(A, vector=[0.0, 1.0])])
    assert [hit.id for hit in await vectors.search_by_vector("books", [0, 1], 5)] == ["a"]


async def test_datasets_do_not_see_each_other(vectors: VectorStore) -> None:
    await vectors.create("books", 3)
    await vectors.create("films", 3)
    await vectors.add_texts([A, B, replace(A, dataset_id="films", text="A film about a whale.")])
    assert await vectors.datasets() == {"books": 3, "films": 3}
    assert [hit.text for hit in await vectors.search_by_vector("films", [1, 0, 0], 9)] == ["A film about a whale."]
    assert [hit.text for hit in await vectors.search_by_full_text("films", "whale", 9)] == ["A film about a whale."]
    await vectors.delete_by_ids("films", ["a"])
    await vectors.drop("films")
    assert await _stored(vectors, "books") == [A, B]


async def test_rebuild_index_changes_no_answer(vectors: VectorStore) -> None:
    await vectors.create("books", 3)
    await vectors.create("films", 3)
    await vectors.add_texts([A, B, C, replace(A, dataset_id="films")])
    before = [await vectors.search_by_vector("books", [1, 2, 3], 3), await vectors.search_by_full_text("books", "a", 3)]
    await vectors.rebuild_index("books")
    await vectors.rebuild_index("unknown")
    after = [await vectors.search_by_vector("books", [1, 2, 3], 3), await vectors.search_by_full_text("books", "a", 3)]
    assert after == before
    assert [hit.id for hit in await vectors.search_by_vector("films", [1, 2, 3], 3)] == ["a"]


async def test_points_outlive_the_store_that_stored_them(
    vectors: VectorStore, open_again: Callable[[], Awaitable[VectorStore]]
) -> None:
    await vectors.create("books", 3)
    await vectors.add_texts([A, B])
    await vectors.close()
    opened = await open_again()
    assert await _stored(opened, "books") == [A, B]
    assert [hit.id for hit in await opened.search_by_vector("books", [1, 0, 0], 1)] == ["a"]


async def test_everything_may_happen_at_once(vectors: VectorStore) -> None:
    await vectors.create("books", 3)

    async def fill(writer: int) -> None:
        for batch in range(3):
            start = writer * 5 + batch * 5  # writers overlap: the same ids arrive from two sides
            await vectors.add_texts([replace(A, id=f"{n}", document_id=f"d{n % 2}") for n in range(start, start + 10)])

    async def look() -> None:
        for _ in range(5):
            await vectors.search_by_vector("books", [1, 0, 0], 3)
            await vectors.search_by_full_text("books", "captain", 3)
            await vectors.create("books", 3)

    await asyncio.gather(*(fill(writer) for writer in range(4)), *(look() for _ in range(4)))
    assert await vectors.count("books") == 35
    await asyncio.gather(*(vectors.delete_by_document_id("books", f"d{n % 2}") for n in range(4)))
    assert await vectors.count("books") == 0


async def test_datasets_may_be_created_and_dropped_at_once(vectors: VectorStore) -> None:
    await asyncio.gather(*(vectors.create(f"d{n % 3}", 3) for n in range(9)))
    assert await vectors.datasets() == {"d0": 3, "d1": 3, "d2": 3}
    await asyncio.gather(*(vectors.drop(f"d{n % 3}") for n in range(9)))
    assert await vectors.datasets() == {}


@pytest.mark.parametrize(
    "wrong",
    [
        replace(A, vector=[1.0, math.nan, 0.0]),
        replace(A, vector=[1.0, math.inf, 0.0]),
        replace(A, vector=[1.0, 1e39, 0.0]),
        replace(A, vector=[]),
        replace(A, id=""),
        replace(A, id="nul\x00"),
        replace(A, document_id=""),
        replace(A, id="x" * 256),
        replace(A, metadata={"number": math.nan}),
        replace(A, metadata={"whole": 2**63}),
        replace(A, metadata={"list": ["a"]}),  # type: ignore[dict-item]
    ],
)
async def test_what_cannot_be_a_point_is_refused_in_a_sentence(vectors: VectorStore, wrong: Point) -> None:
    await vectors.create("books", 3)
    with pytest.raises(InvalidInput, match=r"accepted are|takes"):
        await vectors.add_texts([B, wrong])
    assert await vectors.count("books") == 0


async def test_a_dimension_beyond_the_store_is_refused(vectors: VectorStore) -> None:
    await vectors.create("books", vectors.capabilities.largest_dimension)
    with pytest.raises(InvalidInput, match="takes 1 to"):
        await vectors.create("films", vectors.capabilities.largest_dimension + 1)
    with pytest.raises(InvalidInput, match="takes 1 to"):
        await vectors.create("films", 0)


async def test_close_may_be_called_twice_and_check_passes_before(vectors: VectorStore) -> None:
    await vectors.check()
    await vectors.close()
    await vectors.close()
