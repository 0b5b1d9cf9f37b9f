"""Readers of published backbone weights in other layouts; each gives the tensors timm's names."""
