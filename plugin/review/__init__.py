"""What a reviewer made of detections: compared, counted, and turned into labels."""
