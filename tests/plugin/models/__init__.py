"""Tests of the models that ship and of finding models."""
