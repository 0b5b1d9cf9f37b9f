"""Tests of the benchmark tables."""
