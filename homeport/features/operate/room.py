"""What this slice works with."""

from __future__ import annotations

from dataclasses import dataclass

from homeport.features.mail.room import MailRoom
from homeport.features.operate.settings import OperateSettings
from homeport.runtime.db.database import Database


@dataclass(frozen=True, slots=True)
class OperateRoom:
    """Given to the tasks of the slice."""

    database: Database
    settings: OperateSettings
    mail: MailRoom
