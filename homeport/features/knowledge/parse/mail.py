"""E-mails (eml)."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from homeport.features.knowledge.errors import ContentMismatch
from homeport.features.knowledge.parse.decode import decode_any
from homeport.features.knowledge.parse.html_page import decode_page
from homeport.features.knowledge.parse.source import Content, Source
from homeport.features.knowledge.parse.to_markdown import to_markdown

_SHOWN = ("From", "To", "Cc", "Date")
_EXPECTED = ("From", "To", "Subject", "Date", "Message-ID", "Received", "MIME-Version", "Content-Type")


def read(source: Source) -> Content:
    """Subject as heading, who wrote to whom and when, the text, the names of attachments."""
    message = message_from_bytes(source.content, policy=default)
    if not any(name in message for name in _EXPECTED):
        raise ContentMismatch(f"{source.name} is named eml but holds no e-mail: it has none of an e-mail's headers.")
    subject = _header(message, "Subject")
    parts = [f"# {subject}"] if subject else []
    headers = [f"{name}: {value}" for name in _SHOWN if (value := _header(message, name))]
    parts.append("\n".join(headers))
    parts.append(_body(message, source))
    attached = [name for part in message.iter_attachments() if (name := part.get_filename())]
    if attached:
        parts.append(f"Attachments: {', '.join(attached)}")
    return Content("\n\n".join(part for part in parts if part), subject)


def _header(message: EmailMessage, name: str) -> str | None:
    value = message.get(name)
    return " ".join(str(value).split()) or None if value else None


def _body(message: EmailMessage, source: Source) -> str:
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    content = body.get_payload(decode=True)
    if not isinstance(content, bytes) or not content:
        return ""
    charset = body.get_content_charset()
    if body.get_content_subtype() == "html":
        html = decode_any(content, source.name, charset) if charset else decode_page(content, source.name)
        return to_markdown(html).text
    return decode_any(content, source.name, charset).replace("\r\n", "\n").strip()
