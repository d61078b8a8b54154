"""REST: one module per app, errors as problem+json, OpenAPI at /api/docs. No business logic."""
