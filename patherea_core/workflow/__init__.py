"""The sentences of the program: fit, predict, assess."""
