"""What can go wrong with a storage, in the six words every backend family uses, and the key that is refused."""

from __future__ import annotations

from homeport.runtime.errors import HomeportError


class StorageError(HomeportError):
    """The storage failed in a way it did not explain."""

    code = "storage_error"


class Misconfigured(StorageError):
    """The storage cannot be used as it is configured."""

    code = "storage_misconfigured"


class Unavailable(StorageError):
    """The storage does not answer now."""

    code = "storage_unavailable"
    status = 503
    temporary = True


class NotFound(StorageError):
    """The storage has nothing under this key."""

    code = "storage_not_found"
    status = 404


class RateLimited(StorageError):
    """The storage asks to be called less often."""

    code = "storage_rate_limited"
    status = 503
    temporary = True


class Unsupported(StorageError):
    """This storage cannot do that."""

    code = "storage_unsupported"
    status = 501


class Conflict(StorageError):
    """The storage holds something that stands in the way."""

    code = "storage_conflict"
    status = 409


class InvalidKey(StorageError):
    """The storage key is not accepted."""

    code = "storage_invalid_key"
    status = 400
