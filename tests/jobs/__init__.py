"""Jobs as an archive runs them: a broker, a worker, and the built image."""
