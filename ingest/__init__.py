"""Documents in, searchable chunks out."""

import os

# ONNX Runtime's wheels send Microsoft events about the machine and its models (found in 1.31.1). This must be set before the
# library loads: its switch in Python comes too late, and leaves the first event.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
