"""Runs inside the container, on the standard library alone.

    supervisor   PID 1: frames in, frames out; `running` and `watching` follow a program, `processes` are what it sees
    ├─ states    loads the environment once, then forks a `state` process for each world
    └─ programs  a clean template without environment, data or jobs; forks a `program` process for each program

Only the supervisor's word counts. It parses no code and never imports the environment.
"""
