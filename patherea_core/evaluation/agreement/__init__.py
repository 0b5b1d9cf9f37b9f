"""How far observers of the same regions agree with each other, and a model with them."""
