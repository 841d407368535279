"""What is away is said once, now and then, and when it is back."""

from __future__ import annotations

from structlog.testing import capture_logs

from homeport.runtime.ops.outage import Outage


def test_any_number_of_failures_is_one_line_and_the_end_another() -> None:
    outage = Outage("it is away", "it is back")
    with capture_logs() as said:
        outage.ended()
        for _ in range(500):
            outage.failed(ConnectionError("refused\nwith details"), job_id="a")
        outage.ended()
        outage.ended()
        outage.failed(TimeoutError())
    events = [(line["event"], line["log_level"], line["failures"]) for line in said]
    assert events == [("it is away", "warning", 1), ("it is back", "info", 500), ("it is away", "warning", 1)]
    assert (said[0]["error"], said[0]["job_id"], said[2]["error"]) == ("refused", "a", "TimeoutError")


def test_a_long_outage_is_said_again_now_and_then() -> None:
    outage = Outage("it is away", "it is back", remind=0)
    with capture_logs() as said:
        for _ in range(3):
            outage.failed(ConnectionError("refused"))
    assert [line["failures"] for line in said] == [1, 2, 3]
