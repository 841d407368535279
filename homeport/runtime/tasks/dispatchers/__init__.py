"""How a worker hears of a job: in this process, or through a broker."""
