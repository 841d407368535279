"""Counters in the text format of Prometheus, few enough to be written by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Counts:
    """What has happened since the start of this process."""

    def __init__(self) -> None:
        """All zero."""
        self._runs: Counter[tuple[str, str]] = Counter()
        self._refused: Counter[str] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self._seconds: Counter[str] = Counter()

    def ran(self, language: str, reason: str, seconds: float) -> None:
        """A run has ended for `reason` (`ok`, `failed`, `timeout`, ...) after `seconds`, waiting included."""
        self._runs[language, reason] += 1
        buckets = self._buckets.setdefault(language, [0] * (len(_BOUNDS) + 1))
        for place, bound in enumerate(_BOUNDS):
            buckets[place] += seconds <= bound
        buckets[-1] += 1
        # Counter holds numbers; whole microseconds keep the sum exact.
        self._seconds[language] += round(seconds * 1e6)

    def refused(self, code: int) -> None:
        """A request was answered with an error before anything ran."""
        self._refused[str(code)] += 1

    @property
    def runs(self) -> dict[str, int]:
        """How many runs ended for each reason."""
        found: Counter[str] = Counter()
        for (_, reason), number in self._runs.items():
            found[reason] += number
        return dict(found)

    def text(self, gauges: dict[str, tuple[str, float]]) -> str:
        """The exposition; `gauges`: name -> what it tells, its value now."""
        return "\n".join([*self._lines(), *_gauge_lines(gauges)]) + "\n"

    def _lines(self) -> Iterator[str]:
        yield "# HELP sandbox_runs_total Pieces of code run, by language and how they ended."
        yield "# TYPE sandbox_runs_total counter"
        for (language, reason), number in sorted(self._runs.items()):
            yield f'sandbox_runs_total{{language="{language}",ended="{reason}"}} {number}'
        yield "# HELP sandbox_refused_total Requests answered with an error before anything ran."
        yield "# TYPE sandbox_refused_total counter"
        for code, number in sorted(self._refused.items()):
            yield f'sandbox_refused_total{{code="{code}"}} {number}'
        yield "# HELP sandbox_run_seconds From the request to the end of the code."
        yield "# TYPE sandbox_run_seconds histogram"
        for language, buckets in sorted(self._buckets.items()):
            for bound, number in zip([*map(str, _BOUNDS), "+Inf"], buckets, strict=True):
                yield f'sandbox_run_seconds_bucket{{language="{language}",le="{bound}"}} {number}'
            yield f'sandbox_run_seconds_sum{{language="{language}"}} {self._seconds[language] / 1e6}'
            yield f'sandbox_run_seconds_count{{language="{language}"}} {buckets[-1]}'


def _gauge_lines(gauges: dict[str, tuple[str, float]]) -> Iterator[str]:
    for name, (meaning, value) in gauges.items():
        yield f"# HELP {name} {meaning}"
        yield f"# TYPE {name} gauge"
        yield f"{name} {value:g}"
