"""LidarScope: a desktop workbench for research on 3D perception with LiDAR drives."""
