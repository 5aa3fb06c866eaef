"""The built-in demo drive: a procedural street seen by a ray-cast LiDAR and camera."""
