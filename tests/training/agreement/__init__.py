"""Tests of the agreement study."""
