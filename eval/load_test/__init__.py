"""How questions are asked under load.

A package of its own, because Locust puts the folder of its file in front of Python's path.
"""
