"""What is published: definition, versions, keys, sharing."""
