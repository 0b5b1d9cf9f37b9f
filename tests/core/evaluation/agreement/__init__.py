"""Tests of how far observers agree."""
