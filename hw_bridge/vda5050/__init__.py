"""VDA 5050 3.0: messages, their rules, and the names in them."""
