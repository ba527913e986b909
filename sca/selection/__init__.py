"""Which records are worth keeping: a small filter language, and what to keep of each task."""
