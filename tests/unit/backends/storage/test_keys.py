from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.backends.storage.capabilities import Capabilities
from homeport.backends.storage.errors import InvalidKey
from homeport.backends.storage.keys import check_key, check_prefix

SMALL = Capabilities(
    presign=False,
    keeps_content_type=False,
    keeps_modified=False,
    durable=False,
    shared=False,
    longest_key=20,
    longest_part=10,
)


@pytest.mark.parametrize("key", ["a", "a/b.c", "日本/é", "a b", "a/.hidden", "a/..b", "x" * 10])
def test_ordinary_keys_are_accepted(key: str) -> None:
    check_key(key, SMALL)
    check_prefix(key, SMALL)


@pytest.mark.parametrize("prefix", ["", "a/", "a/b/"])
def test_a_prefix_may_be_empty_or_name_a_folder(prefix: str) -> None:
    check_prefix(prefix, SMALL)
    with pytest.raises(InvalidKey):
        check_key(prefix, SMALL)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "is empty"),
        ("/etc/passwd", "begins with a slash"),
        ("a/", "ends with a slash"),
        ("..", "an empty part, '.' or '..'"),
        ("a/../b", "an empty part, '.' or '..'"),
        ("./a", "an empty part, '.' or '..'"),
        ("a//b", "an empty part, '.' or '..'"),
        ("a/.", "an empty part, '.' or '..'"),
        (".writing/a", "begins with a dot, which is reserved"),
        ("...", "begins with a dot, which is reserved"),
        ("a\0b", "has a NUL"),
        ("a\nb", "another control character"),
        ("a\\b", "a backslash"),
        ("a ", "begins or ends with a blank"),
        ("\u00a0a", "begins or ends with a blank"),
        ("\ud800", "half a character"),
        ("a/" + "b" * 11, "a part of more than 10 bytes"),
        ("日本日本", "a part of more than 10 bytes"),
        ("abcde/" * 4 + "e", "is 25 bytes long; this storage takes 20"),
    ],
)
def test_a_bad_key_is_one_sentence(key: str, why: str) -> None:
    with pytest.raises(InvalidKey) as caught:
        check_key(key, SMALL)
    sentence = str(caught.value)
    assert why in sentence
    assert "\n" not in sentence
    assert sentence.isascii()
    assert caught.value.status == 400


def test_a_long_key_is_cut_in_the_sentence() -> None:
    with pytest.raises(InvalidKey) as caught:
        check_key("x" * 5000, SMALL)
    assert len(str(caught.value)) < 200


@given(st.text(alphabet=st.sampled_from("ab./\\ \0\x7fé")))
def test_an_accepted_key_never_leaves_its_folder(key: str) -> None:
    try:
        check_key(key, SMALL)
    except InvalidKey:
        return
    assert not key.startswith((".", "/"))
    assert not set(key.split("/")) & {"", ".", ".."}
