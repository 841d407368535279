"""Every measurement, one after the other."""

from __future__ import annotations

from benchmarks import app_list, chat_stream, indexing, start_up

for measurement in (start_up, app_list, indexing, chat_stream):
    measurement.main()
