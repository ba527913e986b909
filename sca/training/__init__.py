"""From attempts on disk to a checkpoint."""
