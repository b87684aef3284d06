"""Times of a run as people read them."""


def as_clock(time_s: float) -> str:
    """Seconds as h:mm:ss, as fault files have them."""
    hours, seconds = divmod(round(time_s), 3600)
    return f"{hours}:{seconds // 60:02d}:{seconds % 60:02d}"
