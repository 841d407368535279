"""Change one's own password, and end the sessions opened with the former one."""

from __future__ import annotations

from homeport.features.identity import repository
from homeport.features.identity.access import Member
from homeport.features.identity.errors import CurrentPasswordIncorrect
from homeport.features.identity.limit_attempts import count_attempt
from homeport.features.identity.room import IdentityRoom
from homeport.features.identity.tables import Account
from homeport.features.identity.tokens import hash_of


async def change_password(room: IdentityRoom, member: Member, password: str, new_password: str, token: str) -> None:
    """Only the session with `token` goes on.

    Raises `CurrentPasswordIncorrect`, `PasswordNotAccepted`, `TooManyLoginAttempts`.
    """
    subject = hash_of(f"change|{member.account_id}")
    await count_attempt(room, subject)
    async with room.database.read() as session:
        kept = (await session.get_one(Account, member.account_id)).password_hash
    if not await room.passwords.verify(kept, password):
        raise CurrentPasswordIncorrect
    password_hash = await room.passwords.hash(new_password)
    async with room.database.begin() as session:
        await repository.delete_attempts(session, subject)
        account = await session.get_one(Account, member.account_id)
        account.password_hash = password_hash
        await repository.delete_sessions_of(session, member.account_id, except_token_hash=hash_of(token))
