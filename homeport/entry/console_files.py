"""The built browser console: static files, and the page itself for every address the browser routes."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

BUILT = Path(__file__).parent / "console"


class ConsoleFiles(StaticFiles):
    """Hashed assets are cached for ever, the page never."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file of the build; any other address that is not a file gets the page."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or "." in path.rsplit("/", 1)[-1]:
                raise
            response = await super().get_response("index.html", scope)
            path = "index.html"
        immutable = path.startswith("assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if immutable else "no-cache"
        return response


async def not_built(*_arguments: object) -> Response:
    """What a checkout without a built console says."""
    return PlainTextResponse("The console is not built: run `make console`, then reload.\n", status_code=404)
