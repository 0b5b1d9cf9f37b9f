"""Masked image modelling: what a backbone learns from tiles that nobody labelled."""
