"""ONNX import: any supported graph, lowered exactly to the layers of `exactcnn.network.model`."""
