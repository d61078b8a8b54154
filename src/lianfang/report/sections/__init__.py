"""The sections of the report: figures turned into blocks of one language."""
