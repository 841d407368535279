"""How it is reached: the console and the public API."""
