"""What commands accept as an email, a password given twice, a language."""

from __future__ import annotations

import re

import click

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")


def email(_context: click.Context, parameter: click.Parameter, text: str) -> str:
    """The email in lower case; a usage error for what is none."""
    from pydantic import TypeAdapter, ValidationError

    from homeport.features.identity.schemas import Email

    try:
        accepted: str = TypeAdapter(Email).validate_python(text)
    except ValidationError:
        raise click.BadParameter(f"{text!r} is not an email address.", param=parameter) from None
    return accepted


def language(_context: click.Context, parameter: click.Parameter, text: str) -> str:
    """A tag such as en-US; a usage error for what is none."""
    if _LANGUAGE.fullmatch(text) is None:
        raise click.BadParameter(
            f"{text!r} is no language tag; accepted are such as en-US and zh-Hans.", param=parameter
        )
    return text


def same(first: str, second: str, what: str) -> None:
    """A usage error unless what was given twice is the same."""
    if first != second:
        raise click.UsageError(f"The two {what} are not the same; nothing was changed.")
