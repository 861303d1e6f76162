"""The pure heart: (entity, company, what is mapped) -> the exact QuickBooks document, or a named reason why not."""
