"""Tests, their builders, their fakes and the rules they check."""
