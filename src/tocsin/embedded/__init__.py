"""PostgreSQL and Valkey from wheels, as children that die with us."""
