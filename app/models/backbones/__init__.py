"""Networks from points with features to class scores, one per file; each declares ``Config`` and ``ENTRY``."""
