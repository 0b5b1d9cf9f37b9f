"""Tests of the converters of published weights."""
