"""Store and search embeddings."""
