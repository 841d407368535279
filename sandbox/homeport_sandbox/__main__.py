"""`python -m homeport_sandbox`."""

from __future__ import annotations

from homeport_sandbox.main import main

main()
