"""Many slides, a run of its own for each: names, states, a table, and the workers that do them."""
