"""Dataset folders: what they hold, how they are written and read, and what training draws from them."""
