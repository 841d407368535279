"""One folder per storage: spec.py says what it is, driver.py speaks to it."""
