"""Tests that mirror ``plugin/dsa``."""
