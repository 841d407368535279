"""Questions a person may ask next, made by the model that answered."""

from __future__ import annotations

import json
import re
from itertools import islice

from homeport.backends.llm.complete import complete
from homeport.backends.llm.port import ChatRequest
from homeport.backends.llm.port import Message as Turn
from homeport.features.apps.published import Published
from homeport.features.chat import repository
from homeport.features.chat.choose_model import choose_model
from homeport.features.chat.errors import MessageNotFound, SuggestionsOff
from homeport.features.chat.room import ChatRoom
from homeport.features.chat.settings import ChatSettings
from homeport.features.chat.speaker import Speaker

_MOST = 3
#: Where a list may begin: a few references such as [1] stand before it, a flood of brackets is no list.
_BRACKETS = 50
_DECODER = json.JSONDecoder()
_ASK = (
    "Suggest three short questions the user could ask next, in the language of the conversation. "
    'Answer with a JSON list of three texts and nothing else, like ["…", "…", "…"].'
)


async def suggest(room: ChatRoom, app: Published, speaker: Speaker, message_id: str) -> list[str]:
    """Up to three questions; none without a model. Raises `SuggestionsOff` when the app does not offer them."""
    if not app.configuration.suggested_questions_after_answer.enabled:
        raise SuggestionsOff
    async with room.database.read() as session:
        message = await repository.find_message(session, app.id, speaker, message_id)
    if message is None:
        raise MessageNotFound
    chosen = await choose_model(room, app)
    if chosen.built_in:
        return []
    ask = room.settings.suggested_questions_prompt or _ASK
    turns = [Turn("user", message.query), Turn("assistant", message.answer), Turn("user", ask)]
    request = ChatRequest(
        model=chosen.model, messages=turns, parameters=_parameters(room.settings), user=speaker.person
    )
    answer = await complete(chosen.chat, request)
    return read_questions(answer.text)


def _parameters(settings: ChatSettings) -> dict[str, float]:
    wanted = {
        "max_tokens": settings.suggested_questions_max_tokens,
        "temperature": settings.suggested_questions_temperature,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def read_questions(text: str) -> list[str]:
    """The texts of the first JSON list in an answer; a model that answers something else suggests nothing."""
    for bracket in islice(re.finditer(r"\[", text), _BRACKETS):
        try:
            questions, _ = _DECODER.raw_decode(text, bracket.start())
        except (ValueError, RecursionError):
            continue
        found = [question.strip() for question in questions if isinstance(question, str) and question.strip()]
        if found:
            return found[:_MOST]
    return []
