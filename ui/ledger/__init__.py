"""What was done with the assistant, by whom, and what it took: the audit log, usage, and measurements for Prometheus."""
