"""The tabs of the page where models are compared. Each is a module with `show`, which writes it for a visit, and `ACTIONS`,
what its forms do. Everything goes through the desks."""
