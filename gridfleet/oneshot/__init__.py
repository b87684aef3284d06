"""One-shot path finding from files: problems, paths and figures."""
