"""Run the service: `python -m shopify_sync`."""

from shopify_sync.main import main

main()
