"""What the tests of qbo-writer share: no part of the service."""
