"""How it starts: processes, settings, wiring, commands, migrations."""
