"""Tests of where the tiles of a pretraining come from."""
