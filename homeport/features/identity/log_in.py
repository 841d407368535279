"""Log in to the console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from homeport.features.identity import repository
from homeport.features.identity.errors import AccountBanned, AuthenticationFailed
from homeport.features.identity.limit_attempts import count_attempt
from homeport.features.identity.room import IdentityRoom
from homeport.features.identity.tables import Account, AccountStatus, LoginSession
from homeport.features.identity.tokens import hash_of, new_session_token
from homeport.runtime.db.columns import utc_now

_DAY = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a browser sent; `email` in lower case."""

    email: str
    password: str
    remember: bool = True
    ip: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """The secrets of a new session, at the only moment they are known."""

    token: str
    csrf: str
    #: Seconds the browser keeps them; None: until it is closed.
    max_age: int | None


async def log_in(room: IdentityRoom, given: Credentials) -> OpenedSession:
    """Check the password and open a session. Raises `TooManyLoginAttempts`, `AuthenticationFailed`, `AccountBanned`.

    An unknown email takes as long as a wrong password and is answered alike.
    """
    subject = hash_of(f"{given.email}|{given.ip}")
    await count_attempt(room, subject, hash_of(given.email))
    async with room.database.read() as session:
        account = await repository.find_account_by_email(session, given.email)
    right = await room.passwords.verify(account.password_hash if account else None, given.password)
    if account is None or not right:
        raise AuthenticationFailed
    if account.status != AccountStatus.ACTIVE:
        raise AccountBanned
    rehashed = None
    if room.passwords.is_outdated(account.password_hash):
        rehashed = await room.passwords.rehash(given.password)
    return await _open_session(room, account.id, given, subject, rehashed)


async def _open_session(
    room: IdentityRoom, account_id: str, given: Credentials, subject: str, rehashed: str | None
) -> OpenedSession:
    now = utc_now()
    idle_seconds = (
        int(room.settings.refresh_token_expire_days * _DAY)
        if given.remember
        else room.settings.access_token_expire_minutes * 60
    )
    token, csrf = new_session_token(), new_session_token()
    async with room.database.begin() as session:
        await repository.delete_attempts(session, subject)
        await repository.delete_attempts_before(session, now - timedelta(seconds=room.settings.login_lockout_duration))
        await repository.delete_expired_sessions(session, now)
        account = await session.get_one(Account, account_id)
        account.last_login_at, account.last_login_ip = now, given.ip[:64]
        if rehashed is not None:
            account.password_hash = rehashed
        session.add(
            LoginSession(
                token_hash=hash_of(token),
                csrf_hash=hash_of(csrf),
                account_id=account_id,
                remembered=given.remember,
                idle_seconds=idle_seconds,
                expires_at=now + timedelta(seconds=idle_seconds),
                last_seen_at=now,
                user_agent=given.user_agent[:255],
                ip=given.ip[:64],
            )
        )
    return OpenedSession(token, csrf, idle_seconds if given.remember else None)
