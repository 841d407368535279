"""The answerer that quotes."""

from __future__ import annotations

import pytest

from homeport.backends.llm.complete import complete
from homeport.backends.llm.drivers.extractive.driver import NOTE, NOTHING, ExtractiveProvider, write_answer
from homeport.backends.llm.drivers.extractive.pick_sentences import pick_sentences
from homeport.backends.llm.drivers.extractive.split_sentences import meet, split_sentences
from homeport.backends.llm.port import ChatRequest, Message, Passage, Usage

PASSAGES = (
    Passage(
        "# Start\nRun `make up` to start it. The data lies in the folder data.\n- Port 5001 is the default.", "A", 1
    ),
    Passage("Ctrl-C stops it cleanly. The port is changed with the option --port of the command.", "B", 2),
    Passage("系统使用向量数据库。默认端口是5001。可以用参数修改端口！", "C", 3),
)


def asking(question: str, passages: tuple[Passage, ...] = PASSAGES) -> ChatRequest:
    return ChatRequest("extractive", [Message("system", "Be kind."), Message("user", question)], passages=passages)


def first_quote(question: str) -> tuple[str, int]:
    quote = pick_sentences(question, PASSAGES, 4)[0]
    return quote.sentence, quote.passage.position


@pytest.mark.parametrize(
    ("question", "sentence", "position"),
    [
        ("How do I stop it?", "Ctrl-C stops it cleanly.", 2),
        ("Which option changes the port?", "The port is changed with the option --port of the command.", 2),
        ("Where does the data lie?", "The data lies in the folder data.", 1),
        ("默认端口是多少？", "默认端口是5001。", 3),
        ("向量数据库", "系统使用向量数据库。", 3),
        ("zebra", "Start: Run `make up` to start it.", 1),
    ],
)
def test_the_sentence_that_answers_comes_first(question: str, sentence: str, position: int) -> None:
    assert first_quote(question) == (sentence, position)


def test_an_answer_quotes_cites_and_says_that_no_model_is_configured() -> None:
    answer = write_answer(asking("How do I stop it?"))
    assert answer.startswith("> Ctrl-C stops it cleanly. [2]\n\n")
    assert answer.endswith(NOTE)
    assert "OPENAI_API_KEY" in NOTE


def test_without_passages_it_says_that_there_is_nothing() -> None:
    assert write_answer(asking("How?", ())) == f"{NOTHING}\n\n{NOTE}"
    assert write_answer(asking("How?", (Passage("  \n "),))) == f"{NOTHING}\n\n{NOTE}"
    assert write_answer(ChatRequest("extractive", [])).startswith(NOTHING)


def test_the_same_thing_is_not_quoted_twice() -> None:
    twice = (Passage("The port is 5001 by default.", position=1), Passage("The port is 5001 by default.", position=2))
    assert [quote.passage.position for quote in pick_sentences("port", twice, 4)] == [1]


def test_a_long_sentence_is_cut_at_a_word() -> None:
    [quote] = pick_sentences("port", [Passage("port " * 300)], 4)
    assert quote.sentence.endswith("port …")
    assert len(quote.sentence) <= 402


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("A tag <script> in the text here.", "A tag \\<script> in the text here."),
        ("As others say [7] in the text.", "As others say \\[7] in the text."),
        ("A star * that is never closed.", "A star \\* that is never closed."),
        ("The `code` and **bold** and MAX_SIZE_A stay.", "The `code` and **bold** and MAX_SIZE_A stay."),
    ],
)
def test_a_quote_cannot_be_taken_for_markup_or_a_citation(text: str, quoted: str) -> None:
    assert write_answer(asking("text", (Passage(text, position=1),))).startswith(f"> {quoted} [1]")


async def test_the_answer_is_streamed_in_words_for_no_tokens() -> None:
    pieces = [piece async for piece in ExtractiveProvider().stream(asking("How do I stop it?"))]
    assert len(pieces) > 10
    assert "".join(piece.text for piece in pieces) == write_answer(asking("How do I stop it?"))
    assert (pieces[-1].finish_reason, pieces[-1].usage) == ("stop", Usage())


async def test_the_same_question_gets_the_same_answer() -> None:
    answers = {(await complete(ExtractiveProvider(), asking("port option data"))).text for _ in range(3)}
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Version 3.11 of file a.txt is here.", ["Version 3.11 of file a.txt is here."]),
        ("## Title\nText goes\non here.", ["Title: Text goes on here."]),
        ("- first\n- second\n1. third", ["first", "second", "third"]),
        ('He said "stop." Then left.', ['He said "stop."', "Then left."]),
        ("一。二！三", ["一。", "二！", "三"]),
        ("", []),
    ],
)
def test_text_is_cut_into_sentences(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("stop", "stops", True),
        ("change", "changing", True),
        ("configure", "configured", True),
        ("port", "portable", False),
        ("cat", "cats", False),
        ("start", "state", False),
    ],
)
def test_inflections_of_a_word_meet(one: str, other: str, same: bool) -> None:
    assert meet(one, other) is same
    assert meet(other, one) is same
