from __future__ import annotations

import pytest
from opendal import exceptions

from homeport.backends.storage import errors
from homeport.backends.storage.dialects.opendal import translate

SECRET = "do-not-show-this"


@pytest.mark.parametrize(
    ("error", "expected", "sentence"),
    [
        (exceptions.NotFound("NotFound (permanent) at read => gone"), errors.NotFound, "nothing under 'a/b'"),
        (OSError("NotFound (permanent) at read, context: { path: x } => gone"), errors.NotFound, "nothing under"),
        (exceptions.RateLimited("RateLimited (temporary) at write => slow"), errors.RateLimited, "less often"),
        (
            exceptions.Unexpected("Unexpected (temporary) at read => reset"),
            errors.Unavailable,
            "now (reset)",
        ),
        (exceptions.Unexpected("Unexpected (persistent) at copy => reset"), errors.Unavailable, "not answer now"),
        (exceptions.Unexpected("Unexpected (permanent) at read => odd"), errors.StorageError, "failed (odd)"),
        (
            exceptions.Unexpected('Unexpected (permanent) at list => S3Error { code: "PermanentRedirect", x }'),
            errors.StorageError,
            "failed (PermanentRedirect)",
        ),
        (
            exceptions.Unexpected("Unexpected (temporary) at write => x\n\nSource:\n   full (os error 28)"),
            errors.Unavailable,
            "has no room left for 'a/b'",
        ),
        (
            exceptions.PermissionDenied("PermissionDenied (permanent) at read => x\n   denied (os error 13)"),
            errors.Misconfigured,
            "may not touch 'a/b' on the disk",
        ),
        (
            exceptions.PermissionDenied(f"PermissionDenied (permanent) at stat\n\nContext:\n   secret: {SECRET}\n"),
            errors.Misconfigured,
            "refuses access (no reason given)",
        ),
        (exceptions.Unsupported("Unsupported (permanent) at copy => no"), errors.Unsupported, "cannot do that"),
        (OSError("no words of OpenDAL"), errors.StorageError, "failed (no reason given)"),
    ],
)
def test_an_sdk_error_becomes_one_of_our_words(
    error: Exception, expected: type[errors.StorageError], sentence: str
) -> None:
    found = translate(error, "s3", "a/b", "Check S3.", writing=False)
    assert type(found) is expected
    assert sentence in str(found)
    assert "\n" not in str(found)
    assert SECRET not in str(found)


def test_what_vanishes_during_a_write_may_be_tried_again() -> None:
    error = exceptions.NotFound("NotFound (permanent) at rename => gone")
    assert translate(error, "fs", "a", "", writing=True).temporary
