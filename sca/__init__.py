"""Self-challenging agents: a model writes its own tasks as code, a sandbox checks them, training keeps what works."""

__version__ = "0.1.0"
