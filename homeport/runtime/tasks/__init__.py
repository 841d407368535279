"""The job row, the task base, queues, dispatchers, leases."""
