"""What is fast, measured. Run one file, or all: .venv/bin/python -m benchmarks."""
