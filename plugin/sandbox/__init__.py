"""A Digital Slide Archive in one process, for the demo and the tests; never for production."""
