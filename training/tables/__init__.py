"""Benchmark tables: published rows and runs of ours, side by side and never mixed in silence."""
