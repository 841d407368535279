"""The Redis of an installation: one server, a master behind Sentinels, or a cluster."""
