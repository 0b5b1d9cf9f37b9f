"""What one training leaves: its folder, identity, kept states, curves and model."""
