"""Every measurement, one after the other."""

from __future__ import annotations

from benchmarks import app_list, bench_sandbox, chat_stream, idle_worker, indexing, jobs, start_up

for measurement in (start_up, app_list, indexing, jobs, idle_worker, chat_stream, bench_sandbox):
    measurement.main()
