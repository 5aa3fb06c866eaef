"""Readers of recorded drives, one file each, found by listing the folder."""
