"""What an experiment takes from a run: its minutes, figures of a window, whether it jammed."""
