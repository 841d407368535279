"""SQLite with sqlite-vec and FTS5, through apsw: one thread that writes, a few that read.

Several processes may have the file open. What a call has stored outlives a kill of the process; with a loss of power,
the last moments may be lost, never the agreement of table and indexes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

import apsw

from homeport.backends.vectors.capabilities import Capabilities
from homeport.backends.vectors.choice import VectorChoice
from homeport.backends.vectors.drivers.sqlite import search, write
from homeport.backends.vectors.drivers.sqlite.connect import connect, find_extension, prepare, said_of
from homeport.backends.vectors.drivers.sqlite.spec import SPEC
from homeport.backends.vectors.port import Filter, Hit, Point

Answer = TypeVar("Answer")

_FILE = "vectors.db"
_READERS = 4
_PAGE = 200


async def open_driver(settings: VectorChoice, data_dir: Path) -> SqliteVectors:  # noqa: ARG001 - all drivers' form
    """The store in `data_dir`; the file and its tables are made when missing."""
    return await asyncio.to_thread(_open, data_dir / _FILE)


def _open(path: Path) -> SqliteVectors:
    path.parent.mkdir(parents=True, exist_ok=True)
    extension = find_extension()
    writer = connect(path, extension)
    prepare(writer, path)
    return SqliteVectors(path, extension, writer)


class SqliteVectors:
    """A `VectorStore` in one file."""

    capabilities: Capabilities = SPEC.capabilities

    def __init__(self, path: Path, extension: str, writer: apsw.Connection) -> None:
        """`writer`: an open connection to the file, whose tables are there; `extension`: path of sqlite-vec."""
        self._path = path
        self._extension = extension
        self._writer = writer
        self._readers: SimpleQueue[apsw.Connection] = SimpleQueue()
        self._writing = ThreadPoolExecutor(1, "vectors-write")
        self._reading = ThreadPoolExecutor(_READERS, "vectors-read")

    async def create(self, dataset_id: str, dimension: int | None) -> None:
        """See `VectorStore.create`."""
        await self._write(lambda writer: write.create(writer, dataset_id, dimension))

    async def add_texts(self, points: Sequence[Point]) -> None:
        """See `VectorStore.add_texts`."""
        await self._write(lambda writer: write.add_texts(writer, points))

    async def delete_by_ids(self, dataset_id: str, ids: Sequence[str]) -> None:
        """See `VectorStore.delete_by_ids`."""
        await self._write(lambda writer: write.delete_by_ids(writer, dataset_id, ids))

    async def delete_by_document_id(self, dataset_id: str, document_id: str) -> None:
        """See `VectorStore.delete_by_document_id`."""
        await self._write(lambda writer: write.delete_by_document_id(writer, dataset_id, document_id))

    async def drop(self, dataset_id: str) -> None:
        """See `VectorStore.drop`."""
        await self._write(lambda writer: write.drop(writer, dataset_id))

    async def search_by_vector(
        self,
        dataset_id: str,
        vector: Sequence[float],
        top_k: int,
        score_threshold: float | None = None,
        filter: Filter | None = None,  # noqa: A002
    ) -> list[Hit]:
        """See `VectorStore.search_by_vector`."""
        hits = await self._read(lambda reader: search.search_by_vector(reader, dataset_id, vector, top_k, filter))
        return hits if score_threshold is None else [hit for hit in hits if hit.score >= score_threshold]

    async def search_by_full_text(
        self,
        dataset_id: str,
        query: str,
        top_k: int,
        filter: Filter | None = None,  # noqa: A002
    ) -> list[Hit]:
        """See `VectorStore.search_by_full_text`."""
        return await self._read(lambda reader: search.search_by_full_text(reader, dataset_id, query, top_k, filter))

    async def points(self, dataset_id: str) -> AsyncGenerator[Point]:
        """See `VectorStore.points`."""
        page = await self._page(dataset_id, "")
        while page:
            for point in page:
                yield point
            page = await self._page(dataset_id, page[-1].id)

    async def count(self, dataset_id: str) -> int:
        """See `VectorStore.count`."""
        return await self._read(lambda reader: search.count(reader, dataset_id))

    async def datasets(self) -> dict[str, int | None]:
        """See `VectorStore.datasets`."""
        return await self._read(search.datasets)

    async def rebuild_index(self, dataset_id: str) -> None:
        """See `VectorStore.rebuild_index`."""
        await self._write(lambda writer: write.rebuild_index(writer, dataset_id))

    async def check(self) -> None:
        """See `VectorStore.check`."""
        await self._read(lambda reader: reader.execute("SELECT vec_version() FROM dataset LIMIT 1").fetchall())

    async def close(self) -> None:
        """See `VectorStore.close`."""
        await asyncio.to_thread(self._shut)

    async def _page(self, dataset_id: str, after: str) -> list[Point]:
        return await self._read(lambda reader: search.read_page(reader, dataset_id, after, _PAGE))

    async def _write(self, work: Callable[[apsw.Connection], Answer]) -> Answer:
        def call() -> Answer:
            with said_of(self._path):
                return work(self._writer)

        return await asyncio.get_running_loop().run_in_executor(self._writing, call)

    async def _read(self, work: Callable[[apsw.Connection], Answer]) -> Answer:
        def call() -> Answer:
            try:
                reader = self._readers.get_nowait()
            except Empty:
                reader = connect(self._path, self._extension)
            try:
                with said_of(self._path):
                    return work(reader)
            finally:
                self._readers.put(reader)

        return await asyncio.get_running_loop().run_in_executor(self._reading, call)

    def _shut(self) -> None:
        self._reading.shutdown()
        self._writing.shutdown()
        while not self._readers.empty():
            self._readers.get().close()
        self._writer.close()
