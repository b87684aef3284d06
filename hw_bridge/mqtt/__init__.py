"""A gateway to vehicles that speak plain VDA 5050, version 2 or 3, over an MQTT broker."""
