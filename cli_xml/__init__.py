"""What the web interface of the Digital Slide Archive shows of each command."""
