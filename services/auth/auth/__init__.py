"""auth: people, Businesses, the OAuth flows of both providers, their sealed tokens, and the permanent binding."""
