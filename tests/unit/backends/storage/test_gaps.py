from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

SUITE = """
import pytest
from tests.support.gaps import Gap, Kind

class Setup:
    name = "floppy"
    gaps = {
        "test_raises_as_declared": Gap(Kind.NEVER, LookupError, "reason one"),
        "test_raises_another": Gap(Kind.COULD, LookupError, "reason two"),
        "test_works_by_now": Gap(Kind.UPSTREAM, LookupError, "reason three"),
    }

@pytest.fixture(params=[Setup()], ids=["floppy"])
def setup(request):
    return request.param

def test_raises_as_declared(setup): raise LookupError
def test_raises_another(setup): raise ValueError
def test_works_by_now(setup): pass
def test_without_gap(setup): pass
"""


def test_a_gap_allows_its_exact_exception_and_nothing_else(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "from tests.support.gaps import mark_gaps\n"
        "def pytest_collection_modifyitems(items):\n    mark_gaps(items, 'setup')\n"
    )
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_inprocess("-rx", "-p", "no:asyncio", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2, xfailed=1)
    result.stdout.fnmatch_lines(["*never: reason one*"])
