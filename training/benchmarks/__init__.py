"""What it costs to run the parts of this project, in seconds and memory."""
