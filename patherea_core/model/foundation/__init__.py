"""Published foundation models as backbones: what each is, whose names its file has, and under which terms."""
