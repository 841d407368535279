"""What only one of the ways to send mail can get wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from homeport.backends.mail.errors import Misconfigured, Unavailable
from homeport.backends.mail.port import Mail, Mailer
from homeport.backends.mail.registry import open_mailer
from homeport.backends.mail.settings import MailSettings
from tests.support.certificates import make_certificate
from tests.support.mail_api import KEY, mail_api
from tests.support.mail_server import smtp_server

MAIL = Mail(("ann@example.org",), "Hello", "Text", message_id="0197-a")


async def _open(**change: Any) -> Mailer:
    mailer = await open_mailer(MailSettings.model_validate({"mail_default_send_from": "a@example.org", **change}))
    assert mailer is not None
    return mailer


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mail_type": "pigeon"}, "MAIL_TYPE is 'pigeon'; accepted are resend, sendgrid, smtp"),
        ({"mail_type": "smtp"}, "needs SMTP_SERVER"),
        ({"mail_type": "smtp", "smtp_server": "h", "mail_default_send_from": "nobody"}, "MAIL_DEFAULT_SEND_FROM"),
        ({"mail_type": "smtp", "smtp_server": "h", "smtp_opportunistic_tls": True}, "SMTP_USE_TLS is false"),
        ({"mail_type": "resend"}, "needs RESEND_API_KEY"),
        ({"mail_type": "sendgrid"}, "needs SENDGRID_API_KEY"),
    ],
)
async def test_what_is_missing_is_said_before_anything_is_sent(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Misconfigured, match=sentence):
        await _open(**change)


async def test_without_a_type_there_is_no_mailer() -> None:
    assert await open_mailer(MailSettings()) is None


async def test_a_wrong_smtp_password_is_said_without_it() -> None:
    async with smtp_server(account=("ann", "right")) as server:
        login = {"smtp_username": "ann", "smtp_password": "wrong-secret"}
        mailer = await _open(mail_type="smtp", smtp_server="127.0.0.1", smtp_port=server.port, **login)
        with pytest.raises(Misconfigured, match="refuses the login") as caught:
            await mailer.check()
        assert set(server.logins) == {("ann", "wrong-secret")}
    assert "wrong-secret" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("way", ["starttls", "tls"])
@pytest.mark.parametrize("known", [True, False])
async def test_an_encrypted_server_must_be_known(
    way: str, known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    shown = certificate.for_server()
    opened = smtp_server(tls=shown) if way == "tls" else smtp_server(starttls=shown)
    async with opened as server:
        tls = {"smtp_use_tls": True, "smtp_opportunistic_tls": way == "starttls"}
        mailer = await _open(mail_type="smtp", smtp_server="127.0.0.1", smtp_port=server.port, **tls)
        if known:
            await mailer.send(MAIL)
        else:
            with pytest.raises(Unavailable, match="certificate"):
                await mailer.send(MAIL)
        assert len(server.received) == known


async def test_a_server_that_is_not_there_or_silent_is_unavailable() -> None:
    held: list[asyncio.StreamWriter] = []

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        mailer = await _open(mail_type="smtp", smtp_server="127.0.0.1", smtp_port=port, mail_timeout=0.2)
        with pytest.raises(Unavailable, match=f"127.0.0.1:{port} does not answer"):
            await mailer.check()
        for writer in held:
            writer.close()
    with pytest.raises(Unavailable, match="does not answer"):
        await mailer.check()


async def test_a_repeated_message_carries_the_same_id() -> None:
    async with smtp_server() as server:
        mailer = await _open(mail_type="smtp", smtp_server="127.0.0.1", smtp_port=server.port)
        await mailer.send(MAIL)
        await mailer.send(MAIL)
        assert [message["Message-ID"] for _, message in server.received] == ["<0197-a@example.org>"] * 2
    with mail_api() as api:
        resend = await _open(mail_type="resend", resend_api_key=KEY, resend_api_url=api.url)
        await resend.send(MAIL)
        await resend.close()
        assert api.received[0][1]["Idempotency-Key"] == "0197-a"


@pytest.mark.parametrize("name", ["resend", "sendgrid"])
async def test_a_wrong_key_is_said_without_it(name: str) -> None:
    with mail_api() as api:
        mailer = await _open(mail_type=name, **{f"{name}_api_key": "key-of-somebody", f"{name}_api_url": api.url})
        with pytest.raises(Misconfigured, match="answers 401") as caught:
            await mailer.check()
        await mailer.close()
    assert "key-of-somebody" not in caught.value.message


async def test_a_key_of_resend_that_may_only_send_is_good() -> None:
    with mail_api() as api:
        api.answers["/domains"] = (401, {"name": "restricted_api_key"})
        mailer = await _open(mail_type="resend", resend_api_key=KEY, resend_api_url=api.url)
        await mailer.check()
        await mailer.close()


async def test_a_key_of_sendgrid_that_may_not_send_is_said() -> None:
    with mail_api() as api:
        api.answers["/v3/scopes"] = (200, {"scopes": ["alerts.read"]})
        mailer = await _open(mail_type="sendgrid", sendgrid_api_key=KEY, sendgrid_api_url=api.url)
        with pytest.raises(Misconfigured, match=r"mail\.send"):
            await mailer.check()
        await mailer.close()
