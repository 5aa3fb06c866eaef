"""Other libraries that draw the same points, each a small program: ``python -m benchmarks.peers.NAME``."""
