"""Anything that speaks the OpenAI HTTP interface."""
