"""Where this installation is found from outside: written into the console's page.

The console is built once for every address. The page carries its addresses in its head, in the fields of `_FIELDS`;
the images of the console alone write the same fields (deploy/images/web/entrypoint.sh).
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from homeport.entry.settings import Settings

_FIELDS = ("base", "console-web", "console-api", "service-api")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Public roots, without a slash at the end; empty where the visitor's own address serves."""

    console_web: str = ""
    console_api: str = ""
    service_api: str = ""

    @property
    def sub_path(self) -> str:
        """Where the console stands on its host: `` or `/sub/path`."""
        return path_of(self.console_web)

    @property
    def api_origin(self) -> str:
        """Scheme, host and port of the console's API when they are not those of the console, else empty."""
        origin = origin_of(self.console_api)
        return "" if origin == origin_of(self.console_web) else origin

    def write_into(self, page: str) -> str:
        """The console's page with these addresses; whatever characters they have stay text."""
        base = f"{self.sub_path}/"
        page = _fill(page, '<base href="', base)
        for name, value in zip(_FIELDS, (base, self.console_web, self.console_api, self.service_api), strict=True):
            page = _fill(page, f'<meta name="homeport-{name}" content="', value)
        return page


def _fill(page: str, before: str, value: str) -> str:
    """`value` in place of what stands between `before` and the next quote."""
    filled = f"{before}{html.escape(value)}"
    return re.sub(f'{re.escape(before)}[^"]*', lambda _found: filled, page, count=1)


def addresses_of(settings: Settings) -> Addresses:
    """What CONSOLE_WEB_URL, CONSOLE_API_URL and SERVICE_API_URL say.

    This server offers its API where it offers its page: another address for it counts only where the page's is named.
    """
    web = settings.identity.console_web_url.rstrip("/")
    api = settings.files.console_api_url.rstrip("/")
    return Addresses(
        console_web=web,
        console_api=api if web and api != web else "",
        service_api=settings.deployment.service_api_url.rstrip("/"),
    )


def at_public_addresses(settings: Settings) -> Settings:
    """The settings, with what CONSOLE_WEB_URL says about files and cookies where nothing else does."""
    addresses = addresses_of(settings)
    files = {} if settings.files.console_api_url else {"console_api_url": addresses.console_web}
    shared = "/" if addresses.console_api else addresses.sub_path
    cookies = {} if settings.identity.cookie_path else {"cookie_path": shared}
    return settings.model_copy(
        update={
            "files": settings.files.model_copy(update=files),
            "identity": settings.identity.model_copy(update=cookies),
        }
    )


def origin_of(address: str) -> str:
    """`https://host:port` of an address as browsers send it; empty for an empty one."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""


def path_of(address: str) -> str:
    """`/sub/path` of an address, without a slash at the end."""
    return urlsplit(address).path.rstrip("/")
