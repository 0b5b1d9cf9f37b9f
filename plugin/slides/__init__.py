"""Whole slides, read with large_image."""
