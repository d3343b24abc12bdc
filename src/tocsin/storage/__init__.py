"""PostgreSQL, the only durable store; SQL beside the function that runs it."""
