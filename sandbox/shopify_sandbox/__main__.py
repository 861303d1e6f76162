"""`python -m shopify_sandbox`."""

from shopify_sandbox.main import main

main()
