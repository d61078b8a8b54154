"""The lowest floor of the server: clock, fields, errors. It holds no table and knows no app."""
