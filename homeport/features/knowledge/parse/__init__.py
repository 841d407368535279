"""Turns files into text, one module per family of formats; those that need a library run in a child process."""
