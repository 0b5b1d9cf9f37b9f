"""Recipes of experiments, importers of public datasets, benchmarks."""
