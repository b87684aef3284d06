"""Bad links, made on purpose: what tests put between the controller and its devices.

fate (what becomes of each message) -> proxy (frames, with the keys) · tcp (bytes, without) ·
background (runs either in a thread and lets others turn its dials)
"""
