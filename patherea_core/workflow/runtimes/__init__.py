"""What runs a network on tiles: PyTorch as it is or compiled, ONNX Runtime, OpenVINO."""
