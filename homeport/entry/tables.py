"""Every table there is, so that migrations and tests see the whole schema."""

from __future__ import annotations

import homeport.features.apps.tables
import homeport.features.chat.tables
import homeport.features.files.tables
import homeport.features.identity.tables
import homeport.features.knowledge.tables
import homeport.features.providers.tables
import homeport.runtime.tasks.tables  # noqa: F401
from homeport.runtime.db.tables import Table

METADATA = Table.metadata
