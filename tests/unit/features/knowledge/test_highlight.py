from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.features.knowledge.highlight import find_highlights


def marked(text: str, query: str) -> list[str]:
    return [text[start:end] for start, end in find_highlights(text, query)]


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("The Harbour opens at six.", "harbour", ["Harbour"]),
        ("Indexing indexes an index; indexed.", "index", ["Indexing", "indexes", "index", "indexed"]),
        ("the index", "indexing", ["index"]),
        ("A query, many queries.", "queries", ["query", "queries"]),
        ("Configure it: the configuration", "configuring", ["Configure", "configuration"]),
        ("one cat, two cats, a category", "cats", ["cat", "cats"]),
        ("a port, a portal, ports", "port", ["port", "ports"]),
        ("sports and ports", "port", ["ports"]),
        ("the rules of the house", "what are the rules", ["rules"]),
        ("to be or not to be", "to be", ["to", "be", "to", "be"]),
        ("ERR-4711 means trouble; 47110 not", "4711", ["4711"]),
        ("snake_case name", "case", ["case"]),
        ("Die Datenbanken der Stadt", "Datenbank", ["Datenbanken"]),
        ("Наши документы здесь", "документ", ["документы"]),
        ("nothing here", "absent", []),
        ("text", "", []),
        ("text", "?!", []),
        ("b.c bcd", "b.c", ["b", "c"]),
    ],
)
def test_words_are_found(text: str, query: str, expected: list[str]) -> None:
    assert marked(text, query) == expected


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("港口早上六点开放。", "港口几时开放", ["港口", "开放"]),
        ("知识库管理系统", "知识库", ["知识库"]),
        ("海", "海", ["海"]),
        ("東京タワーは高い", "東京タワー", ["東京タワー"]),
        ("서울의 항구", "항구", ["항구"]),
        ("使用Docker部署", "Docker 部署", ["Docker部署"]),
    ],
)
def test_pairs_of_signs_are_found_in_scripts_without_spaces(text: str, query: str, expected: list[str]) -> None:
    assert marked(text, query) == expected


def test_the_number_of_highlights_is_capped() -> None:
    assert len(find_highlights("word " * 500, "word", limit=20)) == 20


@given(st.text(), st.text())
def test_highlights_are_ordered_within_the_text_and_apart(text: str, query: str) -> None:
    reached = -1
    for start, end in find_highlights(text, query):
        assert reached < start < end <= len(text)
        reached = end


@pytest.mark.parametrize("query", ["港口" * 500, "word " * 5000, "a" * 100_000])
def test_a_huge_query_is_answered(query: str) -> None:
    assert isinstance(find_highlights("港口 word " * 1000, query), list)
