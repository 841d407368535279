from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.backends.vectors.stem_english import stem
from homeport.backends.vectors.tokenize_text import tokenize_query, tokenize_text


@pytest.mark.parametrize(
    ("words", "common"),
    [
        ("policy policies", "polici"),
        ("run runs running", "run"),
        ("hop hops hopped hopping", "hop"),
        ("hope hoped hoping", "hope"),
        ("relate related relating relation relational", "relat"),
        ("fall falling falls", "fall"),
        ("agreed agree agrees", "agre"),
        ("generalization generalizations generalize", "gener"),
        ("happy happiness", "happi"),
        ("caress caresses", "caress"),
        ("connect connected connecting connection connections", "connect"),
        ("electrical electricity electric", "electr"),
        ("adjustment adjustable adjust", "adjust"),
        ("control controlled controlling", "control"),
        ("sky", "sky"),
        ("is", "is"),
    ],
)
def test_forms_of_a_word_share_a_stem(words: str, common: str) -> None:
    assert {stem(word) for word in words.split()} == {common}


def test_runs_of_unspaced_scripts_become_characters_and_pairs() -> None:
    assert tokenize_text("我爱北京 Python") == ["我", "爱", "北", "京", "我爱", "爱北", "北京", "python"]
    assert tokenize_query("北京天 猫") == ["北京", "京天", "猫"]


def test_a_query_leaves_out_words_that_say_little_unless_it_has_no_others() -> None:
    assert tokenize_query("What is the policy of the shop?") == ["polici", "shop"]
    assert tokenize_query("what is the") == ["what", "is", "the"]


def test_a_query_has_each_term_once_and_not_too_many() -> None:
    assert tokenize_query("cat cats CAT") == ["cat"]
    assert len(tokenize_query(" ".join(f"w{n}" for n in range(1000)))) == 48


def test_terms_are_cut_at_64_characters_in_texts_and_queries_alike() -> None:
    assert tokenize_text("7" * 100) == tokenize_query("7" * 99) == ["7" * 64]
    assert tokenize_text("é" * 100) == tokenize_query("é" * 99)


@given(st.text())
def test_terms_never_hold_what_a_query_language_could_read(text: str) -> None:
    for term in [*tokenize_text(text), *tokenize_query(text)]:
        assert term
        assert len(term) <= 64
        assert not re.search(r"[\x00-\x2f:-@\[-`{-\x7f\s]", term)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_a_text_is_found_by_itself(text: str) -> None:
    assert set(tokenize_query(text)) <= set(tokenize_text(text))
