"""Run the service: `python -m gateway`."""

from gateway.main import main

main()
