"""Tests of how a backbone is pretrained."""
