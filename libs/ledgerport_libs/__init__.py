"""The thin floor under every service: settings, database, bus, gRPC, identity, money, telemetry."""
