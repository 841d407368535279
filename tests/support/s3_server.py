"""A real S3 server on the loopback interface (moto, in a process of its own), and a door to it that sticks."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from uuid import uuid4
from xml.etree import ElementTree as ET

import httpx

_ADDRESS = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")
_SECONDS = 60
_EVERYTHING = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody the server knows."""

    access_key: str
    secret_key: str


class S3Server:
    """Buckets for tests. Any credentials are taken, except within `checking_credentials`."""

    def __init__(self, endpoint: str) -> None:
        """`endpoint`: a URL without a slash at the end."""
        self.endpoint = endpoint

    def new_bucket(self) -> str:
        """An empty bucket nobody else uses, in us-east-1."""
        name = f"test-{uuid4().hex[:12]}"
        httpx.put(f"{self.endpoint}/{name}", timeout=_SECONDS, trust_env=False).raise_for_status()
        return name

    @contextmanager
    def checking_credentials(self) -> Iterator[Account]:
        """Only this account may enter; its signatures are verified."""
        user = f"user-{uuid4().hex[:8]}"
        self._iam(Action="CreateUser", UserName=user)
        self._iam(Action="PutUserPolicy", UserName=user, PolicyName="all", PolicyDocument=_EVERYTHING)
        answer = ET.fromstring(self._iam(Action="CreateAccessKey", UserName=user))
        found = {element.tag.rpartition("}")[2]: element.text or "" for element in answer.iter()}
        self._let_in_unchecked("0")
        try:
            yield Account(found["AccessKeyId"], found["SecretAccessKey"])
        finally:
            self._let_in_unchecked("inf")

    def _iam(self, **form: str) -> str:
        # The server finds the service by the scope of the signature and does not look at the rest of it.
        scope = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=x"
        answer = httpx.post(
            self.endpoint,
            data=form | {"Version": "2010-05-08"},
            headers={"Authorization": scope},
            timeout=_SECONDS,
            trust_env=False,
        )
        return answer.raise_for_status().text

    def _let_in_unchecked(self, requests: str) -> None:
        httpx.post(
            f"{self.endpoint}/moto-api/reset-auth",
            content=requests,
            headers={"Content-Type": "text/plain"},
            timeout=_SECONDS,
            trust_env=False,
        ).raise_for_status()


@contextmanager
def run_s3_server() -> Iterator[S3Server]:
    """Start the server on a free port and stop it at the end. Its warnings stay in its own process."""
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                address = _ADDRESS.search(line)
                if address:
                    break
            else:
                raise AssertionError(f"moto did not start: {''.join(said)}")
            with _drained(process.stderr.fileno()):
                yield S3Server(address[1])
        finally:
            process.terminate()


@contextmanager
def _drained(descriptor: int) -> Iterator[None]:
    """Read away the access log, or the server stops when the pipe is full."""
    with subprocess.Popen(
        [sys.executable, "-c", "import sys\nwhile sys.stdin.buffer.read(4096): pass"], stdin=descriptor
    ) as reader:
        try:
            yield
        finally:
            reader.terminate()


class StickingDoor:
    """A TCP address before a server that slams the first connections shut."""

    def __init__(self, endpoint: str, slams: int) -> None:
        """`endpoint`: where the connections lead that are let through; `slams`: how many are not."""
        self._target_port = int(endpoint.rpartition(":")[2])
        self._slams_left = slams
        self.slammed = 0
        self.let_through = 0
        self.endpoint = ""
        self._connections: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[StickingDoor]:
        """Listen on a free port; `endpoint` is its URL. At the end every connection is cut."""
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        try:
            if self._slams_left > 0:
                self._slams_left -= 1
                self.slammed += 1
            else:
                self.let_through += 1
                await self._let_through(reader, writer)
        finally:
            await _close(writer)

    async def _let_through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        try:
            with contextlib.suppress(ConnectionError):
                await asyncio.gather(_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))
        finally:
            await _close(inner_writer)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
