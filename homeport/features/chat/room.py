"""What this slice works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from homeport.features.apps.room import AppsRoom
from homeport.features.chat.settings import ChatSettings
from homeport.features.chat.stop import Stops
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.providers.room import ProvidersRoom
from homeport.runtime.db.database import Database
from homeport.runtime.http.stream import PING_SECONDS
from homeport.runtime.tasks.jobs import Jobs


@dataclass(frozen=True, slots=True)
class ChatRoom:
    """Given to the verbs of this slice."""

    database: Database
    apps: AppsRoom
    knowledge: KnowledgeRoom
    providers: ProvidersRoom
    stops: Stops
    jobs: Jobs
    #: Seconds of silence after which a stream says that it is still there.
    ping_seconds: float = PING_SECONDS
    settings: ChatSettings = field(default_factory=ChatSettings)
