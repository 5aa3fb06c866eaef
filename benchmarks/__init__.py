"""Programs that measure: each prints ours and a peer's figure from one run (``main.py bench NAME``)."""
