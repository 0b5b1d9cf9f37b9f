"""Tests of plugin.readers."""
