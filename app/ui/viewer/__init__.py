"""The 3D views inside the window."""
