"""What the pages for operators show, done as they show it."""

from __future__ import annotations

import re
import shlex
import shutil
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.support.nginx_server import nginx
from tests.support.proxied import proxied, upstream
from tests.support.servers import free_port
from tests.support.source_tree import ROOT

_PAGES = ROOT / "docs" / "operate"


def _block(page: str, begins: str) -> str:
    """The code block that begins with these words."""
    text = (_PAGES / page).read_text(encoding="utf-8")
    found = re.search(rf"^```\n({re.escape(begins)}.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


async def test_the_configuration_for_one_process_works(tmp_path: Path) -> None:
    server = _block("reverse-proxy.md", "server {")
    inside = server.partition("{")[2].rpartition("}")[0].replace("listen 80;", "")
    async with upstream("api") as behind:
        inside = inside.replace("http://127.0.0.1:5001", behind.address)
        with nginx(tmp_path, free_port(), inside) as address:
            async with httpx.AsyncClient(trust_env=False, timeout=30) as visitor:
                seen = (await visitor.get(f"{address}/v1/info", headers={"X-Forwarded-For": "203.0.113.7"})).json()
                async with visitor.stream("GET", f"{address}/v1/stream") as answer:
                    first = await anext(answer.aiter_text())
                    behind.may_go_on.set()
    assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert first == "data: first\n\n"


def test_the_certificate_to_try_with_is_taken_by_nginx(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    command = shlex.split(_block("tls.md", "openssl req").replace("\\\n", " "))
    (tmp_path / "nginx" / "ssl").mkdir(parents=True)
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    made = {suffix: (tmp_path / "nginx" / "ssl" / f"homeport.{suffix}") for suffix in ("crt", "key")}
    settings = dict(line.split("=", 1) for line in _block("tls.md", "NGINX_HTTPS_ENABLED=true\nNGINX_SSL").split())
    files = {f"ssl/{path.name}": path.read_bytes() for path in made.values()}
    trust = ssl.create_default_context(cafile=str(made["crt"]))
    with proxied(files, **settings) as found, httpx.Client(verify=trust, trust_env=False, timeout=30) as visitor:
        assert visitor.get(f"{found.secure}/nginx-health").text == "ok\n"
