"""Answers questions from the documents."""
