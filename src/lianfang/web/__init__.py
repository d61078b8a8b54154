"""Pages and forms: one module and one template folder per app, no business logic."""
