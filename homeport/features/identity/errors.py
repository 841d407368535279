"""What can go wrong with people, sessions and keys."""

from __future__ import annotations

from homeport.runtime.errors import (
    Conflict,
    Forbidden,
    HomeportError,
    InvalidInput,
    NotFound,
    TooManyRequests,
    Unauthorized,
)


class NotSignedIn(Unauthorized):
    """Log in to continue."""


class CsrfTokenInvalid(Unauthorized):
    """The header X-CSRF-Token is missing or is not the one of this session; send the value of the cookie csrf_token."""


class WorkspaceNotNamed(Unauthorized):
    """With an administrator's key, the header X-WORKSPACE-ID must be the id of a workspace that has an owner."""


class AuthenticationFailed(Unauthorized):
    """The email or the password is wrong."""

    code = "authentication_failed"


class AccountBanned(Forbidden):
    """This account may not log in; ask an administrator of the workspace."""

    code = "account_banned"


class TooManyLoginAttempts(TooManyRequests):
    """Too many wrong passwords; wait before the next attempt."""

    code = "too_many_login_attempts"

    def __init__(self, seconds: int) -> None:
        """`seconds` to wait."""
        self.retry_after = seconds
        super().__init__(
            f"Too many wrong passwords; wait {seconds} seconds before the next attempt.",
            hint="An administrator can change LOGIN_LOCKOUT_DURATION.",
        )


class AlreadySetUp(Forbidden):
    """The first administrator exists already; log in."""

    code = "already_setup"


class InitPasswordWrong(Unauthorized):
    """This server asks for its INIT_PASSWORD before the first administrator can be created."""

    code = "init_validate_failed"


class PasswordNotAccepted(InvalidInput):
    """A password needs at least 8 characters, with letters and digits."""


class CurrentPasswordIncorrect(InvalidInput):
    """The current password is wrong."""

    code = "current_password_incorrect"


class AccountNotFound(NotFound):
    """There is no such account."""

    def __init__(self, email: str) -> None:
        """`email`: as it was asked for."""
        super().__init__(f"There is no account with the email {email!r}.")


class EmailTaken(Conflict):
    """There is an account with this email already."""

    def __init__(self, email: str) -> None:
        """`email`: as it was given."""
        super().__init__(f"There is an account with the email {email!r} already.")


class TooManyKeys(InvalidInput):
    """There are 10 API keys already; delete one to make another."""

    code = "max_keys_exceeded"


class KeyInvalid(Unauthorized):
    """Access token is invalid"""


class WorkspaceArchived(Forbidden):
    """The workspace is archived."""


class SecretUnreadable(HomeportError):
    """A sealed secret cannot be opened: it was sealed with another SECRET_KEY."""

    code = "secret_unreadable"

    def __init__(self) -> None:
        """Say what to do about it."""
        super().__init__(hint="Bring the former SECRET_KEY back, or enter the secret again.")


class MasterKeyMissing(HomeportError):
    """There is no master key."""

    code = "master_key_missing"


class MasterKeyUnusable(HomeportError):
    """The file with the master key has none that can be used."""

    code = "master_key_unusable"


class MasterKeyWrong(HomeportError):
    """The master key is another one than this database was set up with."""

    code = "master_key_wrong"
    status = 503

    def __init__(self, origin: str, have: str, need: str | None) -> None:
        """`origin`: where the key was found; `have`, `need`: fingerprints; None when that of the needed is unknown."""
        self.have = have
        self.need = need
        super().__init__(
            f"{origin} has the fingerprint {have}, but this database was set up with "
            + (f"the key of the fingerprint {need}." if need else "another key."),
            hint="Put that key in its place and start again; if it is lost, see `homeport reset-encrypt-key-pair`.",
        )
