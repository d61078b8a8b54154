"""Daily bulletins of areas: drawn up by the machine, issued by a person, corrected by a later one, each figure traceable."""
