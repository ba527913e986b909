"""`python -m sca` is the `sca` command; `accelerate launch -m sca` needs it."""

from sca.cli import main

if __name__ == "__main__":
    main()
