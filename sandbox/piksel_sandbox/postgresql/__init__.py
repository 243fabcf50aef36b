"""Real PostgreSQL servers behind the RDS instances of the sandbox."""
