"""Settings, addresses and the server's entry; imported by nobody."""
