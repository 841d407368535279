"""What can be said of a configuration: its faults, its values, its differences from another."""
