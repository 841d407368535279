"""Two points are stored, found and dropped."""

from __future__ import annotations

from pathlib import Path

from homeport.backends.vectors.port import Point
from homeport.backends.vectors.registry import choose, open_vectors
from homeport.backends.vectors.settings import VectorSettings
from homeport.features.operate.doctor.findings import Finding, ok, problem
from homeport.runtime.db.columns import new_id


async def check_vectors(settings: VectorSettings, data_dir: Path) -> list[Finding]:
    """A dataset of its own with two points, searched and dropped. Nothing is left behind."""
    name = choose(settings)[1].name
    store = await open_vectors(settings, data_dir)
    dataset = new_id()
    near, far = new_id(), new_id()
    try:
        await store.create(dataset, 3)
        try:
            points = [
                Point(near, dataset, dataset, "a lighthouse at sea", [1.0, 0.1, 0.0]),
                Point(far, dataset, dataset, "a bicycle in the rain", [0.0, 0.1, 1.0]),
            ]
            await store.add_texts(points)
            found = await store.search_by_vector(dataset, [1.0, 0.0, 0.0], 1)
        finally:
            await store.drop(dataset)
    finally:
        await store.close()
    if [hit.id for hit in found] != [near]:
        return [
            problem(
                f"The vector store {name} does not find the nearer of two points.",
                cause=f"It answered {len(found)} points, none of them the one that was asked for.",
            )
        ]
    return [ok(f"Stored, searched and dropped two points in the vector store {name}.")]
