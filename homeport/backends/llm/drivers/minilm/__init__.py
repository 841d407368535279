"""Embeddings from all-MiniLM-L6-v2 in this process."""
