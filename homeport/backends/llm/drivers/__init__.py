"""One folder per way to speak to models."""
