"""The database answers, has this version's schema, and is set up so that nothing is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.operate.doctor.findings import Finding, ok, problem, warning
from homeport.runtime.db.database import Database
from homeport.runtime.db.settings import DatabaseSettings


async def check_database(
    database: Database, settings: DatabaseSettings, processes: int, schema: Callable[[], Awaitable[str | None]]
) -> list[Finding]:
    """`processes`: how many share the server as far as is known; `schema` answers what is wrong with the schema."""
    await database.ping()
    async with database.read() as session:
        findings = await _LOOKS[database.kind](session, settings, processes)
    wrong = await schema()
    if wrong is None:
        return [ok(f"The database ({database.kind}) answers and has this version's schema."), *findings]
    return [problem(wrong, fix="Run: homeport upgrade-db"), *findings]


async def _value(session: AsyncSession, statement: str) -> str:
    return str((await session.execute(text(statement))).scalar_one())


async def _sqlite(session: AsyncSession, _settings: DatabaseSettings, _processes: int) -> list[Finding]:
    findings = []
    mode = await _value(session, "PRAGMA journal_mode")
    if mode != "wal":
        findings.append(warning(f"SQLite's journal mode is {mode}, so readers wait for writers.", fix="Start anew."))
    broken = await _value(session, "PRAGMA quick_check(1)")
    if broken != "ok":
        findings.append(
            problem(f"The database file is damaged: {broken}.", fix="Restore it from a backup; keep the damaged file.")
        )
    return findings


async def _postgresql(session: AsyncSession, settings: DatabaseSettings, processes: int) -> list[Finding]:
    findings = []
    encoding = await _value(session, "SHOW server_encoding")
    if encoding != "UTF8":
        findings.append(
            problem(f"The database's encoding is {encoding}, which cannot hold every text.", fix="Make it with UTF8.")
        )
    if await _value(session, "SHOW fsync") != "on":
        findings.append(
            problem("PostgreSQL runs with fsync off.", cause="A power cut can destroy the database.", fix="fsync = on")
        )
    return findings + _enough(int(await _value(session, "SHOW max_connections")), settings, processes)


async def _mysql(session: AsyncSession, settings: DatabaseSettings, processes: int) -> list[Finding]:
    findings = []
    charset = await _value(session, "SELECT @@character_set_database")
    if charset != "utf8mb4":
        findings.append(
            problem(
                f"The database's character set is {charset}, which cannot hold every text.",
                fix="ALTER DATABASE ... CHARACTER SET utf8mb4",
            )
        )
    if "STRICT_" not in await _value(session, "SELECT @@sql_mode"):
        findings.append(
            warning("The server cuts values that are too long.", fix="Add STRICT_TRANS_TABLES to sql_mode.")
        )
    if await _value(session, "SELECT @@innodb_flush_log_at_trx_commit") != "1":
        findings.append(
            warning(
                "innodb_flush_log_at_trx_commit is not 1.",
                cause="A power cut loses the last second of work that was reported done.",
                fix="Set it to 1.",
            )
        )
    return findings + _enough(int(await _value(session, "SELECT @@max_connections")), settings, processes)


def _enough(allowed: int, settings: DatabaseSettings, processes: int) -> list[Finding]:
    wanted = (settings.sqlalchemy_pool_size + settings.sqlalchemy_max_overflow) * processes
    if wanted <= allowed:
        return []
    return [
        warning(
            f"The server allows {allowed} connections; {processes} processes may ask for {wanted}.",
            cause="Under load requests would fail for want of a connection.",
            fix="Raise max_connections, or lower SQLALCHEMY_POOL_SIZE and SQLALCHEMY_MAX_OVERFLOW.",
        )
    ]


_LOOKS = {"sqlite": _sqlite, "postgresql": _postgresql, "mysql": _mysql}
