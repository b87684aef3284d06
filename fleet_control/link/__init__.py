"""The controller's end of a link that loses, doubles, delays and reorders messages."""
