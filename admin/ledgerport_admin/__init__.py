"""The command `ledgerport`, by which operators look at a running LedgerPort and steer it."""
