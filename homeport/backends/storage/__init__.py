"""Files and blobs."""
