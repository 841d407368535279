"""Conversations and messages: runs an app for a person and streams the answer."""
