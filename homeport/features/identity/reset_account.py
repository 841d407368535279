"""What an operator does for a person who cannot get in: another password, another email."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.identity import repository
from homeport.features.identity.errors import AccountNotFound, EmailTaken
from homeport.features.identity.passwords import Passwords
from homeport.features.identity.tables import Account
from homeport.features.identity.tokens import hash_of
from homeport.runtime.db.database import Database


async def reset_password(database: Database, passwords: Passwords, email: str, new_password: str) -> int:
    """The account has this password, none of its sessions goes on, and it may log in at once.

    `email` in lower case. Answers how many sessions were ended. Raises `AccountNotFound`, `PasswordNotAccepted`.
    """
    password_hash = await passwords.hash(new_password)
    async with database.begin() as session:
        account = await _find(session, email)
        account.password_hash = password_hash
        ended = await repository.count_sessions(session, account.id)
        await repository.delete_sessions_of(session, account.id)
        await repository.delete_attempts_with_email(session, hash_of(email))
    return ended


async def reset_email(database: Database, email: str, new_email: str) -> None:
    """The account logs in with `new_email` from now on. Both in lower case. Raises `AccountNotFound`, `EmailTaken`."""
    try:
        async with database.begin() as session:
            account = await _find(session, email)
            if new_email != email and await repository.find_account_by_email(session, new_email) is not None:
                raise EmailTaken(new_email)
            account.email = new_email
    except IntegrityError as error:  # somebody took it at the same moment
        raise EmailTaken(new_email) from error


async def _find(session: AsyncSession, email: str) -> Account:
    account = await repository.find_account_by_email(session, email)
    if account is None:
        raise AccountNotFound(email)
    return account
