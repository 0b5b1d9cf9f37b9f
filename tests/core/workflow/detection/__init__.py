"""Tests of the detection on slides of any size."""
