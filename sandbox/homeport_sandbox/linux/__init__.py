"""The kernel's means of confinement, through system calls alone: no native dependency."""
