"""Tests that mirror ``plugin/commands``."""
