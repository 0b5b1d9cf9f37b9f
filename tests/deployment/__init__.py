"""How an archive with Patherea in it is set up: docker/compose.yaml and what belongs to it."""
