"""Tests of patherea_core.index."""
