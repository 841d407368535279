"""The built browser console: static files, and the page itself for every address the browser routes."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from homeport.entry.addresses import Addresses

BUILT = Path(__file__).parent / "console"


def page_headers(addresses: Addresses, *, embed: bool = False) -> dict[str, str]:
    """What the page may load and who may frame it, with `embed` anybody.

    deploy/images/web/entrypoint.sh sends the same.
    """
    frames = "*" if embed else "'none'"
    policy = (
        "default-src 'self'",
        f"connect-src 'self' {addresses.api_origin}".rstrip(),
        "img-src 'self' data: blob:",
        "style-src 'self' 'unsafe-inline'",
        "base-uri 'self'",
        "form-action 'self'",
        f"frame-ancestors {frames}",
        "object-src 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


class ConsoleFiles(StaticFiles):
    """Hashed assets are cached for ever, the page never."""

    def __init__(self, *, directory: Path, addresses: Addresses | None = None, embed: bool = False) -> None:
        """`directory` holds the build; the page in it is read once and given its addresses.

        `embed`: pages of other sites may show it in a frame.
        """
        super().__init__(directory=directory)
        addresses = addresses or Addresses()
        self._page = addresses.write_into((directory / "index.html").read_text(encoding="utf-8"))
        self._headers = {**page_headers(addresses, embed=embed), "Cache-Control": "no-cache"}

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file of the build; any other address that is not a file gets the page."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or (path != "." and "." in path.rsplit("/", 1)[-1]):
                raise
            path = "index.html"
        if path == "index.html":
            return HTMLResponse(self._page, headers=self._headers)
        immutable = path.startswith("assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if immutable else "no-cache"
        return response


async def not_built(*_arguments: object) -> Response:
    """What a checkout without a built console says."""
    return PlainTextResponse("The console is not built: run `make console`, then reload.\n", status_code=404)
