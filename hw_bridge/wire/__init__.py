"""Frames, keys and sockets: how messages travel."""
