"""A stand-in for Shopify on one machine: stores, their OAuth, Admin GraphQL and webhooks."""
