"""LedgerPort on one machine: servers, services and stand-ins started, watched and stopped together."""
