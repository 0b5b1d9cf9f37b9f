"""Tests of what is done on many slides."""
