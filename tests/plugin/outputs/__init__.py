"""What results look like as files."""
