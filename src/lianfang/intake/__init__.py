"""How signals come in: files, forms, REST, laboratory and checkpoint streams; exactly once, and nothing is lost.

A source file is mapped, tried out (dry run), accepted row by row; what cannot be understood is parked with the reason
and can be repaired and replayed. What a row becomes is said by the domain apps, which register targets here.
"""
