"""What the tests of shopify-sync share: no part of the service."""
