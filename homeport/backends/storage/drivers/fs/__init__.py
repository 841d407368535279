"""Files on a disk of this machine, or on one mounted there."""
