"""The parts of ``scripts/train_demo_clip.py``: pictures, batches, loss, training, measuring."""
