"""Blobs in the memory of this process: for tests and trials, gone when it ends."""
