"""Assignment of proposals to targets, and the losses that follow from it."""
