"""Cross-over experiments: what backbones start from, against how many labels there are."""
