"""The group `homeport jobs`: one module per command."""
