"""Surfaces of fields: where they can be, evaluated coarse to fine, and their triangles."""
