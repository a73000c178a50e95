"""Model servers played by a script: one server (`server.py`) and, for each kind of server, the wire that it speaks.

A wire is written from what the server publishes (its OpenAPI document, or its source where that is the documentation); the
module's docstring names the version. Tests reach a fake as users reach the real one: by `base_url`.
"""
