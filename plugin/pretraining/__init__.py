"""Where the tiles of a pretraining come from: images, slides, datasets, and folders of an archive."""
