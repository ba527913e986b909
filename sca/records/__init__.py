"""The JSONL contract: what the files hold, and how they are read, appended to and continued."""
