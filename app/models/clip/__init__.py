"""CLIP through open_clip, behind a small face: weights come in by one door, images and words go out as vectors."""
