"""What can go wrong for an operator."""

from __future__ import annotations

from homeport.runtime.errors import HomeportError


class JobNotFound(HomeportError):
    """There is no such job."""

    code = "job_not_found"
    status = 404


class QueueUnknown(HomeportError):
    """There is no such queue."""

    code = "queue_unknown"
    status = 404


class FilterTooWide(HomeportError):
    """This would change every job there is."""

    code = "filter_too_wide"
    status = 400
