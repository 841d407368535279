"""What can go wrong with apps, in the public API's codes."""

from __future__ import annotations

from homeport.runtime.errors import BadRequest, Forbidden, HomeportError, InvalidInput, NotFound


class AppNotFound(NotFound):
    """There is no such app in this workspace."""


class AppClosed(Forbidden):
    """The app's API service has been disabled."""


class AppUnavailable(HomeportError):
    """The app cannot run: its configuration is incomplete."""

    code = "app_unavailable"
    status = 400


class NotChatApp(HomeportError):
    """This address answers for chat apps only; check the mode of your app."""

    code = "not_chat_app"
    status = 400


class NotCompletionApp(HomeportError):
    """This address answers for completion apps only; check the mode of your app."""

    code = "app_unavailable"
    status = 400


class TraceConfigRefused(InvalidInput):
    """The observability service cannot be used with these values."""

    code = "trace_config_check_error"


class TraceConfigMissing(InvalidInput):
    """This app has no configuration for that observability service."""

    code = "trace_config_not_exist"


class TraceConfigExists(InvalidInput):
    """This app has a configuration for that observability service already; change it instead."""

    code = "trace_config_is_exist"


class UnknownDataset(BadRequest):
    """A knowledge base of this list does not exist in this workspace."""

    code = "invalid_param"
