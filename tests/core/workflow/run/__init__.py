"""Tests of what a training leaves."""
