"""One file per command; each reads like the sentence it implements."""
