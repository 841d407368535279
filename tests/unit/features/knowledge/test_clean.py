from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.features.knowledge.clean import CleanRules, clean_text

SPACES = CleanRules(remove_extra_spaces=True, remove_urls_emails=False)
ADDRESSES = CleanRules(remove_extra_spaces=False, remove_urls_emails=True)
NOTHING = CleanRules(remove_extra_spaces=False, remove_urls_emails=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n\n\n\nb", "a\n\nb"),
        ("a\n\nb\nc", "a\n\nb\nc"),
        ("a  \t b", "a b"),
        ("a \n \n \n b", "a\n\n b"),
        ("no\u00a0break\u2003em\u3000ideographic", "no break em ideographic"),
        ("line one \nline two", "line one\nline two"),
    ],
)
def test_extra_spaces_and_lines_are_reduced(text: str, expected: str) -> None:
    assert clean_text(text, SPACES) == expected


def test_spaces_stay_when_the_rule_is_off() -> None:
    assert clean_text("a   b\n\n\n\nc", NOTHING) == "a   b\n\n\n\nc"


@pytest.mark.parametrize("rules", [SPACES, ADDRESSES, NOTHING])
def test_control_characters_and_lone_surrogates_always_go(rules: CleanRules) -> None:
    assert clean_text("a\x00b\x07c\ufeffd\ud800e\x9bf", rules) == "abcdef"


def test_line_ends_of_every_system_become_one_kind() -> None:
    assert clean_text("a\r\nb\rc\u2028d\x0ce", NOTHING) == "a\nb\nc\nd\ne"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://example.com/a?b=c#d for more.", "See  for more."),
        ("See https://example.com/a.", "See ."),
        ("(at www.example.com)", "(at )"),
        ("Mail jane.doe+x@mail.example.co.uk today", "Mail  today"),
        ("<https://example.com>", ""),
        ('[the manual](https://example.com/manual "Title") says', "the manual says"),
        ("![a chart](http://example.com/c.png)", "a chart"),
        ("[wiki](https://example.com/a_(b)) says", "wiki says"),
        ("[local](chapter.md) stays", "[local](chapter.md) stays"),
        ("请看 https://example.com/页面。谢谢", "请看 。谢谢"),
        ("version 1.2.3, user@host", "version 1.2.3, user@host"),
    ],
)
def test_addresses_go_and_the_text_of_links_stays(text: str, expected: str) -> None:
    assert clean_text(text, ADDRESSES) == expected


def test_addresses_stay_when_the_rule_is_off() -> None:
    text = "https://example.com a@example.com [x](https://example.com)"
    assert clean_text(text, SPACES) == text


@pytest.mark.parametrize("unit", ["[", "[a](http://b", "a@", "www.", "http://a(", "![", "a.", " \n", "[a]("])
def test_hostile_repetitions_are_cleaned_in_reasonable_time(unit: str) -> None:
    text = unit * (400_000 // len(unit))
    assert len(clean_text(text, CleanRules(remove_urls_emails=True))) <= len(text)


@given(st.text())
def test_cleaning_spaces_twice_changes_nothing_more(text: str) -> None:
    once = clean_text(text, SPACES)
    assert clean_text(once, SPACES) == once
    assert "\x00" not in once
    assert "\n\n\n" not in once
