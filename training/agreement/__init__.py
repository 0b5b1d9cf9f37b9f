"""Agreement studies: what is said of the same slides by pathologists, a model and other software."""
