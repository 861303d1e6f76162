"""`python -m intuit_sandbox` starts the stand-in."""

from intuit_sandbox.main import main

main()
