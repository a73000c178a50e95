"""The HTTP API: one file of routes for each subject, over the desks."""
