"""Published datasets, read from their published layout and written as our dataset folder.

Each module knows one layout and offers ``read(source) -> PublishedDataset``; it cites where that layout
is documented, and turns positions into ours in one place.
"""
