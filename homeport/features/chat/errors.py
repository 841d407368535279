"""What can go wrong in a conversation, in the public API's codes."""

from __future__ import annotations

from homeport.runtime.errors import BadRequest, InvalidInput, NotFound, TooManyRequests


class ConversationNotFound(NotFound):
    """Conversation Not Exists."""


class MessageNotFound(NotFound):
    """Message Not Exists."""


class FirstMessageNotFound(NotFound):
    """First Message Not Exists."""


class LastConversationNotFound(NotFound):
    """Last Conversation Not Exists."""


class AppBusy(TooManyRequests):
    """This app is writing as many answers as it may at once; try again shortly."""


class NothingToTakeBack(InvalidInput):
    """There is no feedback on this message to take back."""


class SuggestionsOff(BadRequest):
    """Suggested questions after an answer are switched off in this app."""


class NameMissing(InvalidInput):
    """name is required when auto_generate is false."""
