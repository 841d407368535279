"""`homeport reset-encrypt-key-pair`: new keys for all workspaces, after a change or a loss of the master key."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from homeport.entry.reset_keys import WorkspaceSecrets
    from homeport.features.identity.vault import Vault

_WORD = "reset"
_EPILOG = """\b
Examples:
  homeport reset-encrypt-key-pair --dry-run                     what would be kept, and what lost
  homeport reset-encrypt-key-pair --former-key-file old_key     SECRET_KEY has changed: nothing is lost
  homeport reset-encrypt-key-pair                               the former key is gone

\b
Stop every process before, and start them with the new key afterwards.
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--former-key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the SECRET_KEY of before; what it opens is kept.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be lost, and change nothing.")
@click.option("--yes-i-know", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def command(former_key_file: Path | None, *, dry_run: bool, yes_i_know: bool, as_json: bool) -> None:
    """Make the present SECRET_KEY the right one, and give every workspace a new key under it.

    Stored credentials that the present or the former key opens are sealed anew. All others are lost.
    """
    if as_json and not (dry_run or yes_i_know):
        raise click.UsageError("--json asks no questions; it needs --yes-i-know or --dry-run.")
    former = _read_former(former_key_file)
    from homeport.entry.data_dir import held, prepare
    from homeport.entry.open_database import open_database
    from homeport.entry.settings import read_settings
    from homeport.runtime.ops.logs import configure_logs

    settings = read_settings()
    configure_logs(settings.logging)
    data_dir = prepare(settings.deployment.homeport_data_dir)

    async def work() -> None:
        from homeport.entry.reset_keys import list_secrets, present_key, reset_keys

        masters = [present_key(settings, data_dir), *former]
        async with open_database(settings, data_dir) as database:
            found = await list_secrets(database, masters)
            if not as_json:
                _show(found, masters[0])
            if not dry_run:
                if not yes_i_know:
                    _ask()
                await reset_keys(database, masters)
        _conclude(found, masters[0], dry_run=dry_run, as_json=as_json)

    with ExitStack() as stack:
        if settings.database.kind == "sqlite" and not dry_run:
            stack.enter_context(held(data_dir, "homeport reset-encrypt-key-pair"))
        asyncio.run(work())


def _read_former(path: Path | None) -> list[Vault]:
    if path is None:
        return []
    from homeport.features.identity.vault import Vault

    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        key = ""
    if not key:
        raise click.UsageError(f"The file {path} holds no key that can be read.")
    return [Vault(key.encode())]


def _ask() -> None:
    if click.prompt(f'Type "{_WORD}" to go on', default="", show_default=False, err=True) != _WORD:
        raise click.Abort


def _show(found: list[WorkspaceSecrets], right: Vault) -> None:
    click.echo(f"The present key has the fingerprint {right.fingerprint}.")
    for workspace in found:
        click.echo(f"{workspace.name} ({workspace.id}):")
        for one in workspace.credentials:
            state = "is sealed anew" if one.readable else "IS LOST: it was sealed with a key that is not here"
            click.echo(f"  the key of {one.provider} at {one.base_url} {state}")
        if not workspace.credentials:
            click.echo("  nothing is stored under seal")


def _conclude(found: list[WorkspaceSecrets], right: Vault, *, dry_run: bool, as_json: bool) -> None:
    lost = sum(one.lost for one in found)
    if as_json:
        click.echo(json.dumps(_as_json(found, right, done=not dry_run), ensure_ascii=False, indent=2))
    elif dry_run:
        click.echo(f"Nothing was changed. {lost} would be lost.")
    else:
        click.echo(f"Workspaces with a new key: {len(found)}. Lost credentials: {lost}.")
        if lost:
            click.echo("Enter those again under Settings, Models, and in the Tracing of the apps.")


def _as_json(found: list[WorkspaceSecrets], right: Vault, *, done: bool) -> dict[str, Any]:
    return {
        "fingerprint": right.fingerprint,
        "workspaces": [
            {
                "id": workspace.id,
                "name": workspace.name,
                "credentials": [
                    {"provider": one.provider, "base_url": one.base_url, "lost": not one.readable}
                    for one in workspace.credentials
                ],
            }
            for workspace in found
        ],
        "lost": sum(one.lost for one in found),
        "done": done,
    }
