"""Families of formats that are text, read without a child process."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.features.knowledge.parse.formats import extension_of, find_format
from homeport.features.knowledge.parse.read import read_source
from homeport.features.knowledge.parse.settings import ParseSettings
from homeport.features.knowledge.parse.source import Parsed, Source
from homeport.features.knowledge.parse.to_markdown import to_markdown
from homeport.features.knowledge.parse.write_rows import write_rows
from tests.support import sample_files


def parse(name: str, content: bytes | str) -> Parsed:
    extension = extension_of(name)
    encoded = content.encode() if isinstance(content, str) else content
    return read_source(Source(encoded, extension, name, ParseSettings().limits()), find_format(extension, name))


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.py", "a.xml", "a.yaml", "a.toml", "a.log"])
def test_text_is_taken_as_it_is(name: str) -> None:
    text = 'first: <line>\n  second & "third"\n'
    assert parse(name, text).text == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_read_in_every_encoding(encoding: str) -> None:
    text = "Harbour of Malmö: öppet från sex på morgonen"
    assert parse("a.txt", text.encode(encoding)).text == text


def test_latin_text_without_a_mark_is_guessed() -> None:
    text = "Der Hafen öffnet früh. Größere Schiffe müssen täglich über Funk melden, wann sie anlegen möchten. " * 4
    assert parse("a.txt", text.encode("cp1252")).text == text


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# The title\n\ntext", "The title"),
        ("text\n# Later title #\n", "Later title"),
        ('---\ntitle: "From above"\n---\n# Other', "From above"),
        ("## Only smaller", None),
    ],
)
def test_markdown_has_a_title(text: str, title: str | None) -> None:
    assert parse("a.md", text).title == title


def test_a_source_file_with_a_comment_has_no_title() -> None:
    assert parse("a.py", "# not a title\n").title is None


def test_escaped_letters_in_properties_are_decoded() -> None:
    assert parse("a.properties", "port=\\u6e2f\\u53e3 \\ud83d\\ude42").text == "port=港口 🙂"


def test_rows_of_a_table_carry_their_headings() -> None:
    expected = "Ship: Aurora; Berth: A1; Note: two lines, one comma\nShip: Borealis; Berth: B7"
    assert parse("a.csv", sample_files.csv_file()).text == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    lines = [["Ship", "Port, home", "Tons"], ["Aurora", "Oslo", "12"], ["Borealis", "Bergen", "8"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    assert parse("a.csv", text).text.splitlines()[0] == "Ship: Aurora; Port, home: Oslo; Tons: 12"


def test_a_quote_that_is_never_closed_loses_nothing() -> None:
    text = 'Ship,Note\nAurora,"never closed\nBorealis,fine\nCorona,5" pipe\nDelta,"x\n'
    assert parse("a.csv", text).text.splitlines() == [
        "Ship: Aurora; Note: never closed",
        "Ship: Borealis; Note: fine",
        'Ship: Corona; Note: 5" pipe',
        "Ship: Delta; Note: x",
    ]


def test_a_huge_field_is_read() -> None:
    assert len(parse("a.csv", 'a,b\n1,"' + "x" * 300_000).text) > 300_000


def test_rows_longer_or_shorter_than_the_headings_are_read() -> None:
    assert parse("a.csv", "A,B\n1,2,3\n4\n\n").text == "A: 1; B: 2; 3\nA: 4"


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([], []),
        ([["", ""], ["  "]], []),
        ([["A", "B"]], ["A; B"]),
        ([["only"], ["one"], ["column"]], ["only", "one", "column"]),
        ([["", ""], ["A", "B"], ["1\n2", ""]], ["A: 1 2"]),
        ([["Report", ""], ["of May"], ["A", "B"], ["1", "2"]], ["Report", "of May", "A: 1; B: 2"]),
        ([["A", "B"], ["Sum", ""], ["1", "2"]], ["A: Sum", "A: 1; B: 2"]),
    ],
)
def test_small_tables_lose_nothing(rows: list[list[str]], lines: list[str]) -> None:
    assert list(write_rows(rows)) == lines


@given(st.lists(st.lists(st.text("abc ", max_size=3), max_size=4), max_size=5))
def test_every_cell_of_a_table_is_in_its_lines(rows: list[list[str]]) -> None:
    # The heading of a column without values has nothing to stand before.
    text = "\n".join(write_rows([["x", "y"], *rows]))
    for row in rows:
        for cell in row:
            assert " ".join(cell.split()) in text


def test_json_with_lines_is_taken_as_it_is() -> None:
    text = '{\n  "price": 1.10,\n  "name": "Aurora"\n}'
    assert parse("a.json", text).text == text


def test_json_of_one_line_is_broken_into_lines_without_change() -> None:
    value = {"list": [{"price": 1.1, "name": f'{{ship}}, "{number}": [x]'} for number in range(60)], "empty": []}
    text = parse("a.json", json.dumps(value)).text
    assert json.loads(text) == value
    assert max(map(len, text.splitlines())) < 80
    assert '"price": 1.1,' in text


def test_letters_escaped_in_json_are_decoded() -> None:
    assert parse("a.json", '{"port": "\\u6e2f\\u53e3 \\"x\\" \\ud800"}').text == '{"port": "港口 \\"x\\" ?"}'


@pytest.mark.parametrize("text", ["[" * 5000, '{"a": ' * 5000, '"' * 5001, "nonsense " * 300, "\\" * 2000, '"\\u12'])
def test_broken_json_loses_nothing(text: str) -> None:
    found = parse("a.json", text).text
    assert "".join(found.split()) == "".join(text.split())


def test_subtitles_are_what_is_said() -> None:
    vtt = (
        "WEBVTT - Harbour\n\nNOTE a remark\n\nSTYLE\n::cue { color: red }\n\n1\n00:01.000 --> 00:04.000 align:start\n"
        "<v Ann>Welcome to the <b>harbour</b>.\n\n00:00:05.000 --> 00:00:07.000\n- Slow &amp; steady\n- Right\n"
    )
    assert parse("a.vtt", vtt).text == "Ann: Welcome to the harbour.\n- Slow & steady - Right"
    srt = "1\n00:00:01,000 --> 00:00:04,000\n<i>First</i> line\nsecond\n\n2\n00:00:05,000 --> 00:00:06,000\nNext\n"
    assert parse("a.srt", srt.replace("\n", "\r\n")).text == "First line second\nNext"


def test_words_that_look_like_the_header_of_subtitles_are_kept() -> None:
    assert parse("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nNOTE this\n").text == "NOTE this"


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("plain &lt;text&gt;", "plain <text>"),
        ("<h3>Three <em>words</em> more</h3>text", "### Three words more\n\ntext"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>after", "- a\n- b\n  - c\n\nafter"),
        ("<ol><li><p>a</p><p>more</p></li><li>b</li></ol>", "1. a\n  more\n2. b"),
        ("<ul><li><h2>Head</h2>text</li></ul>", "- ## Head\n  text"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<a href='https://x.example'>https://x.example</a>", "https://x.example"),
        ("<a href=https://x.example/a>here</a>", "[here](https://x.example/a)"),
        ("<a href='javascript:alert(1)'>here</a>", "here"),
        ("<a href='https://x.example'><div>block</div></a>", "block"),
        ("<img alt='A chart' src='data:image/png;base64,AAAA'> shows", "A chart shows"),
        ("<table><tr><td>layout only</td></tr></table>", "layout only"),
        ("<table><tr><td>a<td>b<tr><td>c", "| a | b |\n| --- | --- |\n| c |  |"),
        (f"<table><tr><td>menu</td><td><p>{'long ' * 150}</p></td></tr></table>", f"menu\n\n{'long ' * 149}long"),
        ("<table><tr><td>a</td><td><table><tr><td>x</td></tr></table></td></tr></table>", "| a | x |\n| --- | --- |"),
        ("<pre>  a\n  b</pre>", "```\n  a\n  b\n```"),
        ("<script>if (a < b) { '<p>no</p>' }</script>yes<style>p{}</style>", "yes"),
        ("<SCRIPT>no</SCRIPT >yes", "yes"),
        ("a <svg><title>no</title><text>no</text></svg> b", "a b"),
        ("<!-- no --><![if !IE]>yes<![endif]><!--[if IE]>no<![endif]-->", "yes"),
        ("<![CDATA[kept]]>", "kept"),
        ("3 < 4 and 5 > 2", "3 < 4 and 5 > 2"),
        ('<p title="a > b">text</p>', "text"),
        ("<p title='never closed>text</p> more", "text\n\nmore"),
        ("text <!-- never closed <b>word</b>", "text never closed word"),
        ("text < the end", "text < the end"),
        ("<![CDATA[a <b> &amp;]]> c", "a <b> &amp; c"),
        ("<title>T</title><body>x", "x"),
        ("", ""),
    ],
)
def test_html_becomes_markdown(html: str, markdown: str) -> None:
    assert to_markdown(html).text == markdown


@pytest.mark.parametrize(
    "unit",
    ["<div>", "<table><tr><td>", "<ul><li>", "<!--", "<a ", "<![foo", "&", "<", "<pre>", "</", "<a href='", "<a '>"],
)
def test_hostile_html_is_read_in_reasonable_time(unit: str) -> None:
    assert "deep" in to_markdown(unit * 20_000 + " deep>x").text or unit in (
        "<a ",
        "</",
        "<a href='",
        "<a '>",
        "<![foo",
    )


@given(st.text(st.sampled_from("<>/!-ab'\"= &;[]"), max_size=60))
def test_any_html_is_read(html: str) -> None:
    assert isinstance(to_markdown(html).text, str)


@given(st.lists(st.sampled_from(["<table>", "</table>", "<tr>", "<td>", "</td>", "<ul>", "<li>", "</ul>", "word "])))
def test_no_word_of_broken_tables_and_lists_is_lost(parts: list[str]) -> None:
    assert to_markdown("".join(parts)).text.count("word") == parts.count("word ")
