"""A connection that rests is kept longer than clients keep theirs, so no request meets one that is being closed."""

from __future__ import annotations

import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support.processes import Installation, installation

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

#: httpx and others throw connections away that have rested for five seconds; the servers' own defaults are 2 and 5.
RESTING_SECONDS = 6.0
SOON = 15.0


def test_a_connection_that_rested_answers_again_and_holds_up_no_stop(fleet: Installation, tmp_path: Path) -> None:
    with installation(tmp_path / "alone") as alone:
        alone.folder.mkdir()
        servers = [alone.up(), fleet.api()]
        connections = [HTTPConnection(address.removeprefix("http://"), timeout=20) for _, address in servers]
        for connection in connections:
            assert status(connection) == 200
        sockets = [connection.sock for connection in connections]
        time.sleep(RESTING_SECONDS)
        for connection in connections:
            assert status(connection) == 200
        assert [connection.sock for connection in connections] == sockets, "none was opened anew"
        for process, _ in servers:
            assert process.terminate(SOON) == 0
        for connection in connections:
            connection.close()


def status(connection: HTTPConnection) -> int:
    connection.request("GET", "/health")
    with connection.getresponse() as answer:
        answer.read()
        return answer.status
