"""Detection on a slide of any size: plan, read ahead, find, keep, merge."""
