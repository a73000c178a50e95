"""Who may come in: accounts, groups, passwords, sessions, keys and one-time links, kept in `people.db`."""
