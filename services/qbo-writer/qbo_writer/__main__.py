"""Run the service: `python -m qbo_writer`."""

from qbo_writer.main import main

main()
