"""All settings of mail: the choice, and the sections of every driver found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import create_model

from homeport.backends.mail.choice import MailChoice
from homeport.backends.mail.discover import find_specs

if TYPE_CHECKING:
    _EveryDriver = MailChoice
else:
    _sections = {spec.settings for spec in find_specs().values()}
    _EveryDriver = create_model("_EveryDriver", __base__=tuple(sorted(_sections, key=lambda one: one.__name__)))


class MailSettings(_EveryDriver):
    """An instance is also an instance of each driver's own section, and is handed to the chosen driver as that."""
