"""Tests of the foundation models."""
