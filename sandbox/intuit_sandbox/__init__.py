"""A local stand-in for Intuit's OAuth servers and the QuickBooks Online Accounting API."""
