"""Shopify's answers become events: pure, the same for webhooks, catch-up and import."""
