"""The Ki-67 index of a slide, from its cells to what is said of it."""
