"""One folder for each service."""
