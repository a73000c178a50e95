"""What the kinds of back ends share."""
