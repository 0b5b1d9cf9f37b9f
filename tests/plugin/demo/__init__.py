"""The demo: synthetic tissue, composed slides, the loop."""
