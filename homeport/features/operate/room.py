"""What this slice works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from homeport.features.mail.room import MailRoom
from homeport.features.operate.count_ends import RecentEnds
from homeport.features.operate.settings import OperateSettings
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.dispatchers.port import Dispatcher
from homeport.runtime.tasks.jobs import Jobs


@dataclass(frozen=True, slots=True)
class OperateRoom:
    """Given to the tasks and the endpoints of the slice."""

    database: Database
    settings: OperateSettings
    mail: MailRoom
    dispatcher: Dispatcher
    jobs: Jobs
    recent: RecentEnds = field(default_factory=RecentEnds)
