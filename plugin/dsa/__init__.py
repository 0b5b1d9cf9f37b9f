"""Traffic with a Digital Slide Archive, and the form of its annotations."""
