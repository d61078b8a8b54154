"""From a line list to a situation report: read any known format, compute what the data allow, write HTML and PDF.

Knows no database and no Django: `read_line_list` -> `compute` -> `tell` -> `html_page`, `write_pdf`. A part that the
data do not allow is left out with the reason; the same input gives the same HTML, byte for byte.
"""
