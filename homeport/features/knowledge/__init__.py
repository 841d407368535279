"""Datasets, documents, segments: ingest and retrieve."""
