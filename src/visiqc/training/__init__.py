"""Recipes, training and export. Torch, MLflow and ONNX are imported here alone; serving never needs this room."""
