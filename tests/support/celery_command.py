"""Celery's own command, as an operator runs it beside a fleet."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.support.processes import Installation

CELERY = (sys.executable, "-m", "celery", "-A", "homeport.entry.worker")


def celery(fleet: Installation, *words: str, status: int = 0) -> str:
    """What `celery -A homeport.entry.worker <words>` prints; `status`: 69 where no worker answers."""
    done = subprocess.run(
        [*CELERY, *words], env=fleet.environment({}), cwd=fleet.folder, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == status, (done.stderr.decode(), done.stdout.decode())
    return done.stdout.decode()


def ask_workers(fleet: Installation, *words: str) -> dict[str, Any]:
    """What each worker answers to `inspect` or `control`, by its name."""
    answers: dict[str, Any] = json.loads(celery(fleet, *words, "--json", "-t", "5"))
    return answers
