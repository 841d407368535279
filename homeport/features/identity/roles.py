"""What a member of a workspace may do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The established five, from the most to the least."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    NORMAL = "normal"
    DATASET_OPERATOR = "dataset_operator"


#: May change settings, members, keys and models of the workspace.
ADMINISTRATORS = frozenset({Role.OWNER, Role.ADMIN})

#: May make and change apps and datasets.
EDITORS = ADMINISTRATORS | {Role.EDITOR}

#: May make and change datasets.
DATASET_EDITORS = EDITORS | {Role.DATASET_OPERATOR}
