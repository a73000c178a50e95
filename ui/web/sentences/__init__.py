"""What the program says in English, with its Spanish, by the package that says it."""
