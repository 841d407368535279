"""One folder per vector store: spec.py says what it is, driver.py speaks to it."""
