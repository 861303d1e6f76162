"""The pages, the JSON API and the live updates: what people see of LedgerPort. Keeps nothing durable."""
