"""The pool of a worker: so many jobs at once, no more; those that wait begin when others end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from homeport.entry.job_pool import Done, JobPool, pool_of


class Bench:
    """A pool whose jobs begin and never end by themselves."""

    def __init__(self, limit: int) -> None:
        self.begun: dict[str, Done] = {}
        self.queues: list[str | None] = []
        self.accepted: list[int] = []
        self.answers: list[tuple[int, None, float]] = []
        self.pool: JobPool = pool_of(self._begin)(limit)

    def _begin(self, job_id: str, queue: str | None, done: Done) -> None:
        self.begun[job_id] = done
        self.queues.append(queue)

    def announce(self, *arguments: str) -> None:
        """As Celery hands on a message."""
        self.hand_on(orjson.dumps([list(arguments), {}, {}]))

    def hand_on(self, body: bytes, callback: Callable[[Any], None] | None = None) -> None:
        """As Celery does with what is in a message."""
        self.pool.apply_async(
            print,
            args=("homeport.run_job", "a message", {}, memoryview(body), "application/json", "utf-8"),
            callback=callback or self.answers.append,
            accept_callback=lambda process, _when: self.accepted.append(process),
        )

    def end(self, job_id: str) -> None:
        self.begun.pop(job_id)()


def test_a_job_is_accepted_begun_and_answered_once() -> None:
    bench = Bench(2)
    bench.announce("a", "dataset")
    bench.announce("b")
    assert (list(bench.begun), bench.queues, bench.accepted) == (["a", "b"], ["dataset", None], [os.getpid()] * 2)
    assert bench.answers == []
    bench.end("a")
    [(failed, result, seconds)] = bench.answers
    assert (failed, result) == (0, None)
    assert seconds >= 0


def test_what_is_too_much_waits_in_its_order() -> None:
    bench = Bench(2)
    for name in "abcd":
        bench.announce(name)
    assert list(bench.begun) == ["a", "b"]
    assert len(bench.accepted) == 2
    bench.end("a")
    assert list(bench.begun) == ["b", "c"]
    bench.end("b")
    bench.end("c")
    assert list(bench.begun) == ["d"]


def test_a_pool_that_grows_begins_what_waits_and_one_that_shrinks_ends_nothing() -> None:
    bench = Bench(1)
    for name in "abcd":
        bench.announce(name)
    bench.pool.grow(2)
    assert list(bench.begun) == ["a", "b", "c"]
    bench.pool.shrink(9)
    assert (bench.pool.num_processes, list(bench.begun)) == (1, ["a", "b", "c"])
    for name in "ab":
        bench.end(name)
    assert list(bench.begun) == ["c"]
    bench.end("c")
    assert list(bench.begun) == ["d"]


def test_a_pool_that_stops_begins_nothing_more_and_waits_for_what_runs() -> None:
    bench = Bench(1)
    for name in "ab":
        bench.announce(name)
    stopping = threading.Thread(target=bench.pool.stop)
    stopping.start()
    stopping.join(0.1)
    assert stopping.is_alive()
    bench.end("a")
    stopping.join(10)
    assert not stopping.is_alive()
    assert bench.begun == {}


def test_a_message_that_cannot_be_acknowledged_frees_its_place() -> None:
    bench = Bench(1)

    def refuse(_answer: Any) -> None:
        raise ConnectionError

    bench.hand_on(orjson.dumps([["a"], {}, {}]), refuse)
    bench.announce("b")
    with pytest.raises(ConnectionError):
        bench.end("a")
    assert list(bench.begun) == ["b"]


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"7", b"[[], {}, {}]", b'{"args": []}'])
def test_a_message_that_names_no_job_is_dropped_and_takes_no_place(body: bytes) -> None:
    bench = Bench(1)
    bench.hand_on(body)
    assert len(bench.answers) == 1
    bench.announce("a")
    assert list(bench.begun) == ["a"]
