"""What every way to send mail promises."""

from __future__ import annotations

import pytest

from homeport.backends.mail.errors import MailError, RateLimited, Rejected, Unavailable
from homeport.backends.mail.port import Mail
from tests.contract.mail.conftest import SENDER, Sent, Service


async def test_a_message_arrives_with_both_bodies_and_any_script(service: Service) -> None:
    mail = Mail(("ann@example.org", "bob@example.org"), "Grüße aus 東京", "Hallo Ann ✓", "<p>Hallo <b>Ann</b> ✓</p>")
    await service.mailer.send(mail)
    assert service.sent() == [Sent(SENDER, list(mail.to), mail.subject, mail.text, mail.html)]


async def test_a_message_may_be_text_alone(service: Service) -> None:
    await service.mailer.send(Mail(("ann@example.org",), "Hello", "Only text"))
    assert [(one.text, one.html) for one in service.sent()] == [("Only text", None)]


async def test_a_refused_message_is_not_tried_again(service: Service) -> None:
    service.refuse("nobody@example.org")
    with pytest.raises(Rejected, match=r"nobody@example\.org") as caught:
        await service.mailer.send(Mail(("nobody@example.org",), "Hello", "Text"))
    assert not caught.value.temporary


async def test_a_busy_service_is_asked_later(service: Service) -> None:
    service.be_busy()
    with pytest.raises((Unavailable, RateLimited)) as caught:
        await service.mailer.send(Mail(("ann@example.org",), "Hello", "Text"))
    assert caught.value.temporary


async def test_a_check_sends_nothing(service: Service) -> None:
    await service.mailer.check()
    assert service.sent() == []


async def test_no_header_can_be_smuggled_in(service: Service) -> None:
    try:
        await service.mailer.send(Mail(("ann@example.org",), "Hello\r\nBcc: eve@example.org", "Text"))
    except MailError:
        assert service.sent() == []
    else:  # the services that take JSON get it as one value
        assert [one.to for one in service.sent()] == [["ann@example.org"]]


async def test_a_mailer_may_be_closed_twice(service: Service) -> None:
    await service.mailer.close()
    await service.mailer.close()
