"""Tests of masked image models."""
