"""Does real work on everything an installation depends on, and says what is wrong, why, and what to do."""
