"""Networks for pictures: used in training alone."""
