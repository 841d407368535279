"""Chat and embed with a language model."""
