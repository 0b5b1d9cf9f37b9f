"""Tests of the importers of published datasets."""
