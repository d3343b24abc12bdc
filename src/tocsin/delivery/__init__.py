"""One message to one destination, tried until it is taken or refused."""
