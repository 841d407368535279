"""`homeport deploy render`: deployment files for one `.env` file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from homeport.entry.deploy.rendering import RenderedFile, Rendering

_EPILOG = """\b
Examples:
  homeport deploy render compose --output homeport
  homeport deploy render kubernetes --env-file production.env > homeport.yaml
  homeport deploy render kubernetes --only-secrets | kubectl apply -f -
  homeport deploy render systemd --output /tmp/homeport

\b
Secrets are left out unless --with-secrets asks for them. Only what the .env file chooses is in the result:
DB_HOST, CELERY_BROKER_URL and the address of the vector store decide whether their server is deployed too.
"""


@click.command(epilog=_EPILOG)
@click.argument("target", type=click.Choice(["compose", "kubernetes", "systemd"]))
@click.option(
    "--env-file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(".env"),
    show_default=True,
    help="The settings to deploy; the environment is not looked at.",
)
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Write the files to this folder.")
@click.option("--with-secrets", is_flag=True, help="Write secrets as well.")
@click.option("--only-secrets", is_flag=True, help="Kubernetes: the Secret alone.")
@click.option("--yes", is_flag=True, help="Replace files without asking.")
def command(
    target: str, env_file: Path, output: Path | None, *, with_secrets: bool, only_secrets: bool, yes: bool
) -> None:
    """Print Compose, Kubernetes or systemd files for a .env file, with only the backends it chooses."""
    if only_secrets and target != "kubernetes":
        raise click.UsageError("--only-secrets is for kubernetes.")
    rendering = _render(target, env_file, with_secrets=with_secrets, only_secrets=only_secrets)
    if output is None:
        shown = [file for file in rendering.files if not file.attached]
        for file in shown:
            if len(shown) > 1:
                click.echo(f"# {file.path}")
            click.echo(file.text, nl=False)
    else:
        _write(rendering.files, output, yes=yes)
    for note in rendering.notes:
        click.echo(note, err=True)


def _render(target: str, env_file: Path, *, with_secrets: bool, only_secrets: bool) -> Rendering:
    from homeport.entry.deploy.leave_out import leave_out_unused
    from homeport.entry.deploy.read_env import read_env
    from homeport.entry.deploy.render_compose import render_compose
    from homeport.entry.deploy.render_kubernetes import render_kubernetes
    from homeport.entry.deploy.render_systemd import render_systemd
    from homeport.entry.deploy.templates import templates

    folder = templates()
    env = leave_out_unused(read_env(env_file), vectors="sqlite" if target == "systemd" else "pgvector")
    if target == "compose":
        return render_compose(env, folder, with_secrets=with_secrets)
    if target == "systemd":
        return render_systemd(env, folder, with_secrets=with_secrets)
    return render_kubernetes(env, folder, with_secrets=with_secrets, only_secrets=only_secrets)


def _write(files: list[RenderedFile], folder: Path, *, yes: bool) -> None:
    existing = [file.path for file in files if (folder / file.path).exists()]
    if existing and not yes:
        click.confirm(f"{', '.join(existing)} in {folder} would be replaced. Go on?", abort=True, err=True)
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        mode = 0o600 if file.private else 0o755 if file.path.endswith(".sh") else 0o644
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as stream:
            stream.write(file.text)
        click.echo(str(path))
