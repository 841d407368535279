"""A little internet: a network namespace in which every address is this machine, with a name service and a real squid.

Run by `unshare --net`, as root. Each line on standard input is a request, as JSON; each line on standard output says
what became of it: the status that the proxy gave, and the address that was reached. Nothing leaves the namespace.
"""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

#: Whoever listens here says who was meant.
PORTS = (21, 22, 25, 80, 443, 5432, 6379, 8080, 8194, 8443)
PROXY, DOOR = 3128, 18194
SANDBOX = "172.20.0.9"
PUBLIC, PUBLIC_SIX = "93.184.216.34", "2606:2800:220:1::1"

#: What names lead to. A list of lists is answered in turn, one list per question.
NAMES: dict[str, list[list[str]]] = {
    "public.test": [[PUBLIC]],
    "public-six.test": [[PUBLIC_SIX]],
    "sandbox": [[SANDBOX]],
    "ollama.test": [["10.0.0.5"]],
    "loopback.test": [["127.0.0.1"]],
    "private.test": [["10.1.2.3"]],
    "metadata.test": [["169.254.169.254"]],
    "zero.test": [["0.0.0.0"]],
    "six.test": [["::1"]],
    "mapped.test": [["::ffff:127.0.0.1"]],
    "nat64.test": [["64:ff9b::7f00:1"]],
    "unique-local.test": [["fd00::5"]],
    "mixed.test": [[PUBLIC, "127.0.0.1"]],
    "mixed-six.test": [[PUBLIC, "::1"]],
    "opened-and-metadata.test": [["10.0.0.5", "169.254.169.254"]],
    "rebind.test": [[PUBLIC], ["127.0.0.1"]],
}


class NameService(asyncio.DatagramProtocol):
    """Answers A and AAAA questions from `NAMES`, with a time to live of nothing."""

    def __init__(self) -> None:
        """Each name begins with its first answer."""
        self._turns: dict[tuple[str, int], int] = {}
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer one question."""
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += 1 + data[at]
        question = data[12 : at + 5]
        kind = struct.unpack("!H", data[at + 1 : at + 3])[0]
        records = self._records(".".join(labels).lower(), kind)
        flags = 0x8180 if records is not None else 0x8183
        head = data[:2] + struct.pack("!HHHHH", flags, 1, len(records or ()), 0, 0)
        assert self._transport is not None
        self._transport.sendto(head + question + b"".join(records or ()), addr)

    def _records(self, name: str, kind: int) -> list[bytes] | None:
        if name not in NAMES:
            return None
        answers = NAMES[name]
        turn = self._turns[name, kind] = self._turns.get((name, kind), -1) + 1
        family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
        found = []
        for address in answers[turn % len(answers)]:
            if family == (socket.AF_INET6 if ":" in address else socket.AF_INET):
                raw = socket.inet_pton(family, address)
                found.append(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(raw)) + raw)
        return found


async def _say_who(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An HTTP server that answers with the address and port it was called by."""
    while head := await _head(reader):
        host, port = writer.get_extra_info("sockname")[:2]
        body = json.dumps({"host": host.removeprefix("::ffff:"), "port": port, "head": head}).encode()
        if " /away " in head:
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")
            continue
        writer.write(f"HTTP/1.1 200 OK\r\nX-Reached: yes\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    writer.close()


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return ""


async def ask(wish: dict[str, Any]) -> dict[str, Any]:
    """Send one request to the proxy; for CONNECT, a second one through the tunnel."""
    source = (wish["source"], 0) if "source" in wish else None
    reader, writer = await asyncio.open_connection("127.0.0.1", wish.get("to", PROXY), local_addr=source)
    try:
        method, target = wish["method"], wish["target"]
        writer.write(f"{method} {target} HTTP/1.1\r\nHost: any.test\r\n\r\n".encode("latin-1"))
        head = await asyncio.wait_for(_head(reader), 30)
        status = int(head.split()[1]) if head else 0
        if method == "CONNECT" and status == 200:
            writer.write(b"GET / HTTP/1.1\r\nHost: any.test\r\n\r\n")
            head = await asyncio.wait_for(_head(reader), 30)
        lines = dict(line.lower().split(": ", 1) for line in head.split("\r\n") if ": " in line)
        answer: dict[str, Any] = {"status": status, "error": lines.get("x-squid-error", "").split(" ")[0]}
        if "x-reached" in lines:
            answer["reached"] = json.loads(await reader.readexactly(int(lines["content-length"])))
        return answer
    finally:
        writer.close()


def _lay_network() -> None:
    for command in (
        "ip link set lo up",
        "ip route add local 0.0.0.0/0 dev lo",
        "ip -6 route add local ::/0 dev lo",
    ):
        subprocess.run(command.split(), check=True)


def _start_squid(folder: Path, entrypoint: str, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    """As the entrypoint of the container configures it, and as the same user; only the name service is another one."""
    environment = {
        "PATH": os.environ["PATH"],
        "SQUID_CONF_DIR": str(folder),
        "SSRF_HTTP_PORT": str(PROXY),
        "SSRF_REVERSE_PROXY_PORT": str(DOOR),
        "SSRF_COREDUMP_DIR": str(folder),
        **settings,
    }
    user = pwd.getpwnam("proxy")
    subprocess.run(["sh", entrypoint, "--render"], check=True, env=environment)
    with (folder / "squid.conf").open("a") as lines:
        lines.write("dns_nameservers 127.0.0.1\n")
    with (folder / "log").open("wb") as log:
        for path in (folder, *folder.iterdir()):
            os.chown(path, user.pw_uid, user.pw_gid)
        return subprocess.Popen(
            ["squid", "-N", "-f", str(folder / "squid.conf")],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
        )


async def _until_open(process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", PROXY)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise SystemExit("squid does not take connections; its log is beside this one")


async def live(folder: Path, entrypoint: str, settings: dict[str, str]) -> None:
    """Answer requests until there are no more."""
    _lay_network()
    loop = asyncio.get_running_loop()
    servers = [await asyncio.start_server(_say_who, ["0.0.0.0", "::"], port) for port in PORTS]
    names, _ = await loop.create_datagram_endpoint(NameService, ("127.0.0.1", 53))
    process = _start_squid(folder, entrypoint, settings)
    try:
        await _until_open(process)
        print(json.dumps({"ready": True}), flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            print(json.dumps(await ask(json.loads(line))), flush=True)
    finally:
        process.terminate()
        process.wait(30)
        names.close()
        for server in servers:
            server.close()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])))
