"""Everything that speaks to the Digital Slide Archive, to slides and to people."""
