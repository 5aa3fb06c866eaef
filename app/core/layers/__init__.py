"""Per-point layers, one file each, found by listing the folder."""
