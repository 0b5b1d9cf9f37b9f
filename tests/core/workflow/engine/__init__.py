"""Tests of how a training is driven."""
