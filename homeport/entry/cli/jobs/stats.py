"""`homeport jobs stats`: queues and workers at one glance."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from homeport.entry.cli.jobs.work import Desk, as_json, how_long, work

if TYPE_CHECKING:
    from homeport.features.operate.jobs.summarize import QueueState, Summary

_EPILOG = """\b
Examples:
  homeport jobs stats
  homeport jobs stats --all
  homeport jobs stats --follow
  homeport jobs stats --json
"""
_PAUSE_SECONDS = 2.0
_BARS = " ▁▂▃▄▅▆▇█"


@click.command(epilog=_EPILOG)
@click.option("--all", "everything", is_flag=True, help="Empty queues too.")
@click.option("--follow", is_flag=True, help="Print it anew every two seconds, until Ctrl-C.")
@click.option("--json", "json_", is_flag=True, help="Print JSON instead of text; with --follow one object each time.")
def command(*, everything: bool, follow: bool, json_: bool) -> None:
    """Show what waits, runs and has failed in each queue, and which workers there are."""

    async def show(desk: Desk) -> None:
        from homeport.features.operate.jobs.summarize import summarize

        while True:
            async with desk.database.read() as session:
                summary = await summarize(session)
            if json_:
                click.echo(as_json(summary))
            else:
                if follow:
                    click.clear()
                _print(summary, everything=everything)
            if not follow:
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    try:
        work(show)
    except KeyboardInterrupt:
        click.echo()


def _print(summary: Summary, *, everything: bool) -> None:
    shown = [queue for queue in summary.queues if everything or _has_news(queue)]
    click.secho(
        f"{'queue':<30}{'waiting':>8}{'later':>7}{'running':>8}{'failed':>7}{'oldest':>9}{'done/h':>8}{'workers':>8}",
        bold=True,
    )
    for queue in shown:
        oldest = how_long(queue.oldest_seconds) if queue.waiting else ""
        click.echo(
            f"{queue.queue:<30}{queue.waiting:>8}{queue.scheduled:>7}{queue.running:>8}{queue.failed:>7}"
            f"{oldest:>9}{queue.done_last_hour:>8}{queue.workers:>8}{_notes(queue)}"
        )
    if not shown:
        click.echo("Nothing waits, runs or has failed.")
    click.echo(f"\nDone in each minute of the last hour: {_plot(summary.succeeded)} {sum(summary.succeeded)}")
    if any(summary.failed):
        click.echo(f"Failed:                               {_plot(summary.failed)} {sum(summary.failed)}")
    alive = [worker for worker in summary.workers if worker.alive]
    click.echo(f"\n{len(alive) or 'No'} worker{'' if len(alive) == 1 else 's'} at work" + (":" if alive else "."))
    for worker in summary.workers:
        memory = f"{worker.memory // 2**20} MiB" if worker.memory else ""
        seen = how_long((summary.at - worker.seen_at).total_seconds())
        state = f"{worker.running} running" if worker.alive else f"silent for {seen}"
        queues = "all queues" if len(worker.queues) == len(summary.queues) else ", ".join(worker.queues)
        click.echo(f"  {worker.name}  {worker.kind} {worker.version}  {state}  {memory}  {queues}")


def _has_news(queue: QueueState) -> bool:
    counts = (queue.waiting, queue.scheduled, queue.running, queue.failed, queue.done_last_hour, queue.abandoned)
    return any(counts) or queue.paused_at is not None


def _notes(queue: QueueState) -> str:
    notes = []
    if queue.paused_at is not None:
        notes.append(f"paused by {queue.paused_by or 'somebody'}")
    limits = {"at once": queue.at_once, "of a workspace": queue.per_workspace, "a minute": queue.per_minute}
    notes += [f"at most {most} {what}" for what, most in limits.items() if most is not None]
    if queue.waiting and not queue.workers:
        notes.append("no worker reads it")
    return f"  {', '.join(notes)}" if notes else ""


def _plot(numbers: list[int]) -> str:
    most = max(numbers, default=0)
    return "".join(_BARS[-(-number * 8 // most) if most else 0] for number in numbers)
