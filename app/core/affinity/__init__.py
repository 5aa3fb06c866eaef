"""Affinity3D: instances with CLIP features, the affinity between them, and pseudo-labels that follow."""
