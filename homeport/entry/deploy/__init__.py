"""Deployment files for one configuration: what `homeport deploy render` prints."""
