"""One folder per way to send mail; the folder is the registry."""
