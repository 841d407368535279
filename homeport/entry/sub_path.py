"""An application below a path of its host, such as `/homeport`."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

#: What begins like this is never a page of the console, even when the console is served below `/console`.
_OWN = ("/v1/", "/console/api/", "/files/", "/health")


class SubPath:
    """Serves an application below a path, whether or not the proxy in front has cut the path off."""

    def __init__(self, app: ASGIApp, *, path: str) -> None:
        """`path` begins with a slash and does not end with one."""
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application know the path, so that redirections lead where the visitor is."""
        if scope["type"] == "http":
            asked = scope["path"]
            if asked.startswith(_OWN) or not f"{asked}/".startswith(f"{self._path}/"):
                asked = f"{self._path}{asked}"
            scope = {**scope, "root_path": self._path, "path": asked}
        await self._app(scope, receive, send)
