"""Embeddings from a small model in this process."""
