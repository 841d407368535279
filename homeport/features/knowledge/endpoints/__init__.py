"""The HTTP surface of the slice: the console and the public API."""
