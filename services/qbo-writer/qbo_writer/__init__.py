"""qbo-writer: records, posting and delivery to QuickBooks Online."""
