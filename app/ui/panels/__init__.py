"""One dock per file."""
