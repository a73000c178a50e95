"""What people may do, by subject. A desk is opened for one person; pages and routes work through desks alone."""
