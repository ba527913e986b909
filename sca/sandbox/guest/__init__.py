"""Runs inside the container, on the standard library alone.

    supervisor   PID 1: takes the host's requests; `jobs` follows each program to its end, `loop` many at once
    ├─ state     loads the environment once (Z), then forks a process that owns the state (S) for each world
    └─ template  clean of environment, data and jobs (T); forks a `program` process (R) for each program

Only the supervisor's word counts. It parses no code and never imports the environment. `frames` is how they talk,
`confine` how they come to be and what they give up.
"""
