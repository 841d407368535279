"""Addresses that users give must not lead into the private network."""

from __future__ import annotations

import httpx

from homeport.features.operate.doctor.findings import Finding, ok, problem, warning
from homeport.runtime.outbound.client import Outbound
from homeport.runtime.outbound.errors import AddressRefused, OutboundFailed
from homeport.runtime.outbound.settings import OutboundSettings

#: Cloud metadata, this machine, a private network: by number, mapped into IPv6.
_BY_NUMBER = (
    "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1:1/",
    "http://[::1]:1/",
    "http://[::ffff:127.0.0.1]:1/",
    "http://2130706433:1/",
    "http://10.0.0.1:1/",
)
#: Where there is a proxy, names are its to resolve and to refuse.
_BY_NAME = "http://localhost:1/"
_REFUSED = 403


async def check_egress(settings: OutboundSettings) -> list[Finding]:
    """Tries to visit what nobody may; with a proxy, also asks the proxy itself. Nothing answers at these addresses."""
    proxies = {settings.ssrf_proxy_all_url, settings.ssrf_proxy_http_url, settings.ssrf_proxy_https_url} - {None}
    outbound = Outbound(settings)
    forbidden = _BY_NUMBER if proxies else (*_BY_NUMBER, _BY_NAME)
    open_doors = []
    try:
        for address in forbidden:
            try:
                await outbound.fetch(address, max_bytes=1, seconds=3)
            except AddressRefused:
                continue
            except OutboundFailed:
                pass
            open_doors.append(address)
    finally:
        await outbound.close()
    findings = [_own_guard(open_doors, len(forbidden), settings)]
    return findings + [await _ask_proxy(proxy) for proxy in sorted(str(one) for one in proxies)]


def _own_guard(open_doors: list[str], tried: int, settings: OutboundSettings) -> Finding:
    if not open_doors:
        return ok(f"{tried} ways into the private network are refused.")
    if settings.outbound_allow_private:
        opened = ", ".join(settings.outbound_allow_private)
        return warning(
            f"OUTBOUND_ALLOW_PRIVATE opens {opened}, and so {', '.join(open_doors)} may be visited.",
            cause="Whoever may enter an address reaches these hosts from here.",
            fix="Name single hosts with their port, host:port.",
        )
    return problem(f"{', '.join(open_doors)} may be visited.", fix="Please report this.")


async def _ask_proxy(proxy: str) -> Finding:
    shown = httpx.URL(proxy).copy_with(userinfo=b"")
    try:
        async with httpx.AsyncClient(proxy=proxy, trust_env=False, timeout=5) as client:
            answers = {address: await client.get(address) for address in (_BY_NUMBER[0], _BY_NAME)}
    except httpx.HTTPError as error:
        return problem(
            f"The proxy {shown} does not answer: {str(error) or type(error).__name__}.",
            cause="Every visit to an address given by a user goes through it.",
            fix="Look at SSRF_PROXY_HTTP_URL and SSRF_PROXY_HTTPS_URL, and whether the proxy runs.",
        )
    passed = [(address, answer.status_code) for address, answer in answers.items() if answer.status_code != _REFUSED]
    if passed:
        address, status = passed[0]
        return problem(
            f"The proxy {shown} does not refuse {address}: it answered {status}.",
            cause="Code in the sandbox could read the credentials of this machine.",
            fix="Use the policy in deploy/proxy/squid.",
        )
    return ok(f"The proxy {shown} refuses the metadata address and its own machine.")
