"""connections: status, health, pause and history of a Business's two connections, and the gate before QuickBooks."""
