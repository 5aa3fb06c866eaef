"""Heads that tell from points' latents whether something is at a place, one per file; each declares ``ENTRY``."""
