"""One file a stage; a stage is a coroutine over files."""
