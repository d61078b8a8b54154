"""A door: no business logic, one module per app."""
