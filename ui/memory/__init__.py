"""What people asked and were answered, kept for each of them: conversations, and what they thought of the answers."""
