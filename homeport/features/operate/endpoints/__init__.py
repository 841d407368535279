"""How it is reached: the console."""
