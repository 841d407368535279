"""`homeport demo`: the main job, seen in a terminal in seconds."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from homeport.entry.demo import Demo, Loaded

_EPILOG = """\b
Examples:
  homeport demo
  homeport demo --question "May I take a bicycle on the ferry?"
  homeport demo --data-dir /tmp/homeport-demo --json
  OPENAI_API_KEY=sk-... homeport demo
"""
_PASSAGE_LENGTH = 100


@click.command(epilog=_EPILOG)
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where everything is kept  [default: data]")
@click.option("--question", help="What to ask instead of the usual question.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def command(data_dir: Path | None, question: str | None, as_json: bool) -> None:
    """Load sample documents, ask a question, print the cited answer.

    Works without any model: then the answer quotes. Run it again: what is there already is used again.
    """
    if data_dir is not None:
        os.environ["HOMEPORT_DATA_DIR"] = str(data_dir)
    from homeport.entry.data_dir import prepare
    from homeport.entry.demo import QUESTION, run_demo
    from homeport.entry.settings import read_settings
    from homeport.runtime.ops.logs import configure_logs

    if question is not None and not question.strip():
        raise click.UsageError('The question is empty; write it in quotes: --question "…".')
    settings = read_settings()
    # Whoever sets LOG_LEVEL wants to see more; everybody else wants to see the demo.
    quiet = {} if "log_level" in settings.logging.model_fields_set else {"log_level": "ERROR"}
    configure_logs(settings.logging.model_copy(update=quiet))
    directory = prepare(settings.deployment.homeport_data_dir)
    screen: _Terminal = _Silent() if as_json else _Terminal()
    demo = run_demo(settings, directory, question or QUESTION, screen)
    if as_json:
        click.echo(json.dumps(_as_json(demo, directory), ensure_ascii=False, indent=2))
        return
    screen.end(demo, directory)


class _Terminal:
    """Shows the demo to a person. The bar moves on standard error, so that the answer can be piped."""

    def administrator(self, email: str, password: str | None) -> None:
        _line("Administrator", f"{email}, password {password} (shown only now)" if password else email)

    def indexing(self, done: int, total: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{'Indexing':<16}{done} of {total} documents", nl=False, err=True)
            if done == total:
                click.echo("\r\033[K", nl=False, err=True)

    def ready(self, loaded: Loaded) -> None:
        from homeport.entry.demo import APP, DATASET

        indexed = loaded.documents - len(loaded.failed)
        _line("Knowledge base", f"{DATASET}: {indexed} documents, ready after {loaded.seconds:.1f} s")
        for name, reason in loaded.failed.items():
            click.secho(f"{'':<16}{name} could not be indexed: {reason}", fg="red")
        _line("App", APP)

    def question(self, question: str) -> None:
        click.echo()
        click.secho(question, bold=True)
        click.echo()

    def text(self, text: str) -> None:
        # A reader that left (`| head`) is no fault of the answer; the next line below ends the command.
        with contextlib.suppress(BrokenPipeError):
            click.echo(text, nl=False)

    def end(self, demo: Demo, directory: Path) -> None:
        """The sources, and the way on."""
        click.echo("\n")
        for source in demo.outcome.resources:
            passage = " ".join(str(source["content"]).split())
            shown = passage if len(passage) <= _PASSAGE_LENGTH else passage[:_PASSAGE_LENGTH].rsplit(" ", 1)[0] + " …"
            click.secho(f"[{source['position']}] {source['document_name']}", fg="cyan", nl=False)
            click.echo(f"  score {source['score']:.2f}\n    {shown}")
        by = " ".join(dict.fromkeys((demo.outcome.provider, demo.outcome.model)))
        click.echo(f"\nAnswered by {by}. See it in the browser:\n")
        place = [] if directory == Path("data").absolute() else ["--data-dir", str(directory)]
        click.echo("  " + " ".join([_this_program(), "up", *place]))
        login = f"log in as {demo.email}" + (f" with {demo.password}" if demo.password else "")
        click.echo(f"  then open http://127.0.0.1:5001 and {login}")


class _Silent(_Terminal):
    """Shows nothing: one JSON object is all that is wanted."""

    def administrator(self, email: str, password: str | None) -> None: ...

    def indexing(self, done: int, total: int) -> None: ...

    def ready(self, loaded: Loaded) -> None: ...

    def question(self, question: str) -> None: ...

    def text(self, text: str) -> None: ...


def _line(label: str, text: str) -> None:
    click.echo(f"{label:<16}{text}")


def _this_program() -> str:
    """How the person calls this program again."""
    if shutil.which("homeport"):
        return "homeport"
    path = Path(sys.argv[0]).absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _as_json(demo: Demo, directory: Path) -> dict[str, Any]:
    kept = ("position", "document_name", "segment_id", "segment_position", "score", "content")
    return {
        "data_dir": str(directory),
        "administrator": {"email": demo.email, "password": demo.password},
        "dataset_id": demo.loaded.dataset_id,
        "documents": demo.loaded.documents,
        "failed": demo.loaded.failed,
        "app_id": demo.loaded.app_id,
        "provider": demo.outcome.provider,
        "model": demo.outcome.model,
        "question": demo.question,
        "answer": demo.outcome.answer,
        "citations": [{name: source[name] for name in kept} for source in demo.outcome.resources],
    }
