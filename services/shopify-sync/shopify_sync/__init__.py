"""shopify-sync: hears Shopify's webhooks, fetches what they hint at, and says what changed."""
