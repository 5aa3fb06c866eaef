"""Losses of segmentation: plain functions on logits and targets."""
