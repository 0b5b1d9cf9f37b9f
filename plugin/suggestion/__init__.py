"""Which regions of a slide to label or review next: what the model is unsure of, or sees rarely."""
