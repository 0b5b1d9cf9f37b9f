"""Pairing of detections with labelled points, counts, scores and their report."""
