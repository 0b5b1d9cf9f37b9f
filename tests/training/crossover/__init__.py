"""Tests of the cross-over experiments."""
