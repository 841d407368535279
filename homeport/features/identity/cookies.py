"""Put a session into cookies and read it from there."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from homeport.features.identity.settings import IdentitySettings

SESSION_COOKIE = "access_token"
CSRF_COOKIE = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"


def read_session_cookie(request: Request, settings: IdentitySettings) -> str:
    """The session token the browser sent, or an empty text."""
    return request.cookies.get(_session_cookie(request, settings), "")


def read_csrf_cookie(request: Request) -> str:
    """The CSRF token the browser keeps, or an empty text."""
    return request.cookies.get(CSRF_COOKIE, "")


def set_cookies(
    request: Request, response: Response, settings: IdentitySettings, *, token: str, csrf: str, max_age: int | None
) -> None:
    """Hand a session to the browser for `max_age` seconds, or until it is closed (None)."""
    secure, domain = _is_secure(request, settings), settings.cookie_domain or None
    path = settings.cookie_path or "/"
    name = _session_cookie(request, settings)
    response.set_cookie(name, token, max_age, path=path, domain=domain, secure=secure, httponly=True, samesite="lax")
    # Readable by the console and never prefixed: it is checked against the session's row, not against itself.
    response.set_cookie(CSRF_COOKIE, csrf, max_age, path=path, domain=domain, secure=secure, samesite="lax")


def clear_cookies(request: Request, response: Response, settings: IdentitySettings) -> None:
    """Take the session away from the browser."""
    secure, domain = _is_secure(request, settings), settings.cookie_domain or None
    path = settings.cookie_path or "/"
    name = _session_cookie(request, settings)
    response.delete_cookie(name, path=path, domain=domain, secure=secure, httponly=True, samesite="lax")
    response.delete_cookie(CSRF_COOKIE, path=path, domain=domain, secure=secure, samesite="lax")


def _session_cookie(request: Request, settings: IdentitySettings) -> str:
    """Browsers accept `__Host-` from this very host only: no neighbour under the same domain can plant one.

    Below a path the prefix is not allowed; two installations on one host must not share a cookie.
    """
    if not _is_secure(request, settings) or settings.cookie_domain:
        return SESSION_COOKIE
    return f"__Host-{SESSION_COOKIE}" if settings.cookie_path in ("", "/") else f"__Secure-{SESSION_COOKIE}"


def _is_secure(request: Request, settings: IdentitySettings) -> bool:
    return request.url.scheme == "https" or settings.console_web_url.lower().startswith("https://")
