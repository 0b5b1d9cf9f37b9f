"""Tests that mirror ``plugin/slides``."""
