"""Word to all processes of an installation: soon, and without a promise that it arrives."""
