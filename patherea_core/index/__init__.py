"""The Ki-67 index of regions, slides and patients, how sure it is, and where it is highest."""
