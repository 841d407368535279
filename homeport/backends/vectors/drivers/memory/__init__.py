"""Points in the memory of this process: for tests, and the reference the other drivers are held against."""
