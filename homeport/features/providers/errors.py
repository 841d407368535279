"""What can go wrong with model providers."""

from __future__ import annotations

from homeport.runtime.errors import InvalidInput, NotFound


class CredentialsInvalid(InvalidInput):
    """The model provider did not accept this address or key."""

    code = "credentials_invalid"


class ProviderNotConfigured(NotFound):
    """This workspace has not set up that model provider."""


class ModelNotUsable(InvalidInput):
    """This model cannot be the default."""


class BuiltInProvider(InvalidInput):
    """A built-in provider needs no set-up and cannot be changed."""
