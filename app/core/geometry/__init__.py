"""Poses, projection, neighbours, normals: pure functions on arrays."""
