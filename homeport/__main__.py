"""`python -m homeport` is the command `homeport`."""

from __future__ import annotations

from homeport.entry.cli.main import main

if __name__ == "__main__":
    main()
