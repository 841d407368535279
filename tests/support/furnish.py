"""An installation with something in it, put there through the console API."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import httpx

FIRST = {"email": "ada@example.org", "name": "Ada", "password": "correct horse 1"}


@dataclass(frozen=True, slots=True)
class Furnished:
    """Where it listens, and the ids of what was put in."""

    address: str
    dataset: str
    #: By file name.
    documents: dict[str, str]
    app: str
    completion: str

    @property
    def known(self) -> dict[str, Any]:
        """Everything by name, to fill in addresses."""
        return asdict(self)


def furnish(address: str, files: Mapping[str, bytes]) -> Furnished:
    """Make the administrator, a knowledge base of these files at rest, a chat app on it, and a completion app."""
    with httpx.Client(base_url=f"{address}/console/api", timeout=30) as console:

        def post(path: str, **content: Any) -> Any:
            answer = console.post(path, **content)
            assert answer.is_success, answer.text
            return answer.json()

        post("/setup", json=FIRST)
        post("/login", json={"email": FIRST["email"], "password": FIRST["password"]})
        console.headers["X-CSRF-Token"] = console.cookies["csrf_token"]
        about = "What the crew and visitors ask most."
        dataset = post(
            "/datasets", json={"name": "Harbour", "description": about, "indexing_technique": "high_quality"}
        )
        post(f"/datasets/{dataset['id']}/documents/upload", files=[("file", item) for item in files.items()])
        documents = _at_rest(console, f"/datasets/{dataset['id']}/documents")
        app = post("/apps", json={"name": "Harbour guide", "mode": "chat", "dataset_ids": [dataset["id"]]})
        completion = post("/apps", json={"name": "Letter writer", "mode": "completion"})
        return Furnished(address, dataset["id"], documents, app["id"], completion["id"])


def _at_rest(console: httpx.Client, path: str) -> dict[str, str]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        documents = console.get(path, params={"limit": 100}).json()["data"]
        if all(document["indexing_status"] in ("completed", "error") for document in documents):
            return {document["name"]: document["id"] for document in documents}
        time.sleep(0.1)
    raise AssertionError(f"The documents did not come to rest in time: {documents}")
