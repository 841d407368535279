"""Files people hand over: uploads, their limits, signed links."""
