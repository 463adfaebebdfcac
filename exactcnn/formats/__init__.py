"""Readers and writers: task TOML, images, xnet, ONNX, SMT-LIB."""
